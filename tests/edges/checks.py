"""The behaviors: each is a request to a cache, and a result of one word."""

import gzip
import time

from site_example import StandIn, article

# The path and fields of requests whose responses no cache may reuse.
NEVER_STORED = {
    "`private, no-store`": ("/", {}),
    "`Set-Cookie`, route `public`": ("/me", {}),
    "500, on a route with `max-age`": ("/fail", {}),
    "`Authorization`, route `max-age`": ("/articles/40", {"authorization": "Basic YTpi"}),
    "`Authorization`, route `public`": ("/articles/41", {"authorization": "Basic YTpi"}),
}
NEVER = "never"

# The best results that a cache can have. The gateway of this crate must have one of them in each row.
BEST = {"MISS, HIT", NEVER, "apart", "at once", "stale at once", "honored", "304", "stale"}
# The rows in which the error is the right result, because nothing allows the stale response. A 503 of the site does not
# mean that the cache is disconnected (RFC 9111 section 4.2.4).
ERRORS = {
    "503, `max-age` alone",
    "503, `must-revalidate`",
    "down, `private, no-store`",
    "down, `must-revalidate`",
}


def is_best(behaviour, word):
    return word.isdigit() if behaviour in ERRORS else word in BEST

# The lifetime of responses that become stale, plus time for a Date in whole seconds.
SHORT = 3
STALE = SHORT + 1.3

# Articles that are added to the site. `policies.toml` contains the policy of each.
ARTICLES = (*range(10, 14), *range(20, 23), *range(30, 38), *range(40, 43), *range(50, 52), *range(60, 63))
BECOME_STALE = (*range(10, 14), *range(20, 23), *range(30, 38))


def measure(edge):
    """Returns the result of each behavior, in the order of the table."""
    for number in ARTICLES:
        edge.site.put(path(number), "old")
    filled = fill(edge)
    seen = {**at_once(edge), **purges(edge), **purges_by_tag(edge)}
    time.sleep(max(0, filled + STALE - time.monotonic()))
    return {**seen, **stale(edge), **without_site(edge)}


# ==== While all is fresh ====


def at_once(edge):
    page = "/page"
    return {
        "`/page`, requested twice": f"{edge.fetch(page).came}, {edge.fetch(page).came}",
        **{name: never(edge, *asked) for name, asked in NEVER_STORED.items()},
        "`Vary: accept-encoding`": by_coding(edge),
        "`Vary: accept-language`": by_language(edge),
    }


def never(edge, target, fields):
    """Whether each of three requests reaches the site, and then one of another client."""
    responses = [edge.fetch(target, **fields) for _ in range(3)] + [edge.fetch(target)]
    stored = [response.came for response in responses if response.came != "MISS"]
    return stored[0] if stored else NEVER


def by_coding(edge):
    target = "/dashboard"
    asked = (None, "gzip", "br") * 2
    responses = [edge.fetch(target, **({"accept_encoding": coding} if coding else {})) for coding in asked]
    for coding, response in zip(asked, responses):
        if response.fields.get("Content-Encoding") not in (None, coding):
            return f"{response.fields['Content-Encoding']} for {coding}"
    return stored_apart(responses)


def by_language(edge):
    return stored_apart([edge.fetch(path(42), accept_language=language) for language in ("en", "de") * 2], distinct=2)


def stored_apart(responses, distinct=1):
    """Compares the responses. The second half repeats the requests of the first."""
    came = [response.came for response in responses]
    half = len(came) // 2
    if all(word == "MISS" for word in came):
        return "not stored"
    if came[:distinct] != ["MISS"] * distinct:
        return "mixed up"
    return "apart" if came[half:] == ["HIT"] * half else ", ".join(came)


# ==== Purges ====


def purges(edge):
    return {
        "purge by URL": forgotten(edge, path(50), lambda target: edge.cache.purge(edge, target)),
        "`PUT` through it": forgotten(edge, path(51), lambda target: write_through(edge, target)),
    }


def forgotten(edge, target, purge):
    """Whether both stored variants are removed by the purge."""
    variants = {}, {"accept_encoding": "gzip"}
    for fields in variants:
        stored(edge, target, **fields)
    edge.site.put(target, "new")
    purge(target)
    # The first stored variant first, because the others may reappear with it.
    new = [is_new(edge.fetch(target, **fields)) for fields in variants]
    return "at once" if all(new) else "one variant" if any(new) else "ignored"


def write_through(edge, target):
    fields = {"Content-Type": "application/json", "If-Match": "*"}
    status = edge.request("PUT", target, fields, article("new").encode())[0]
    if status != 204:
        raise RuntimeError(f"PUT {target} gets {status}")


def purges_by_tag(edge):
    if not edge.cache.purge_tag:
        return {"purge by tag": "–", "soft purge by tag": "–"}
    hard, soft = edge.cache.purge_tag
    return {"purge by tag": purge_by_tag(edge, hard), "soft purge by tag": soft_purge_by_tag(edge, soft)}


def purge_by_tag(edge, field):
    even, odd = path(60), path(61)
    for target in (even, odd):
        fields = stored(edge, target).fields
        if "xkey" in fields or "Cache-Tag" in fields:
            return "the tags reach the client"
        edge.site.put(target, "new")
    edge.request("PURGE", "/", {field: "even"})
    if not is_new(edge.fetch(even)) or is_new(edge.fetch(odd)):
        return "ignored"
    edge.request("PURGE", "/", {field: "none pair"})
    return "at once" if is_new(edge.fetch(odd)) and edge.fetch(even).came == "MISS" else "ignored"


def soft_purge_by_tag(edge, field):
    target = path(62)
    stored(edge, target)
    edge.site.put(target, "new")
    edge.request("PURGE", "/", {field: "soft"})
    return in_background(edge, target)


def stored(edge, target, **fields):
    """Sends two requests, and checks that the response is stored."""
    edge.fetch(target, **fields)
    response = edge.fetch(target, **fields)
    if response.came != "HIT":
        raise RuntimeError(f"{target} must be stored, but the second request is a {response.came}")
    return response


# ==== When it is stale ====


def fill(edge):
    """Stores the responses that become stale, changes most of them at the site, and returns the time."""
    for number in BECOME_STALE:
        edge.fetch(path(number), **({"accept_encoding": "gzip"} if number == 13 else {}))
    now = time.monotonic()
    for number in BECOME_STALE:
        if number >= 20:
            edge.site.put(path(number), "new")
    return now


def stale(edge):
    return {
        "`s-maxage` longer than `max-age`": "honored" if edge.fetch(path(10)).came == "HIT" else "ignored",
        "`s-maxage` shorter than `max-age`": "ignored" if edge.fetch(path(11)).came == "HIT" else "honored",
        "after `max-age`, with `ETag`": revalidated(edge, path(12)),
        "after `max-age`, with `ETag`, gzip": revalidated(edge, path(13), accept_encoding="gzip"),
        "`stale-while-revalidate`": in_background(edge, path(20)),
        "`stale-while-revalidate`, `s-maxage`": in_background(edge, path(21)),
    }


def revalidated(edge, target, **fields):
    """A 304 of the site makes the response fresh again."""
    first, second = edge.fetch(target, **fields), edge.fetch(target, **fields)
    if first.fields.get("Content-Encoding") != fields.get("accept_encoding") or first.status != 200:
        return "another response"
    if second.came != "HIT":
        return f"{first.came}, {second.came}"
    return {"REVALIDATED": "304", "MISS": "new response"}.get(first.came, first.came)


def in_background(edge, target):
    """Whether the old response is sent at once and the new one soon afterwards, after one request."""
    before = len(edge.site.reached(target))
    if is_new(edge.fetch(target)):
        return "waits"
    deadline = time.monotonic() + 3
    while time.monotonic() < deadline:
        time.sleep(0.05)
        if is_new(edge.fetch(target)):
            fetched = len(edge.site.reached(target)) - before
            return "stale at once" if fetched == 1 else f"fetched {fetched} times"
    return "stale without end"


# ==== When the site is down ====


def without_site(edge):
    edge.site.kill()
    with StandIn(edge.site.port):
        errors = {
            "503, `stale-if-error`": at_error(edge, path(30)),
            "503, `stale-if-error`, `s-maxage`": at_error(edge, path(32)),
            "503, `max-age` alone": at_error(edge, path(34)),
            "503, `must-revalidate`": at_error(edge, path(36)),
        }
    return errors | {
        "down, `private, no-store`": at_error(edge, "/"),
        "down, `stale-if-error`": at_error(edge, path(31)),
        "down, `stale-if-error`, `s-maxage`": at_error(edge, path(33)),
        "down, `max-age` alone": at_error(edge, path(35)),
        "down, `must-revalidate`": at_error(edge, path(37)),
        "down, `stale-while-revalidate`": at_error(edge, path(22)),
    }


def at_error(edge, target):
    """Whether the stale response is sent, or the status of the error."""
    status = edge.request("GET", target)[0]
    return "stale" if status == 200 else str(status)


# ==== Articles ====


def path(number):
    return f"/articles/{number}"


def is_new(response):
    coded = response.fields.get("Content-Encoding") == "gzip"
    return b'"new"' in (gzip.decompress(response.body) if coded else response.body)
