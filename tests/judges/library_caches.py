"""Caches in libraries: the same requests to each, with a separate site. The log of the site shows the requests that
reached it, so the result does not depend on a report of the cache."""

import concurrent.futures
import dataclasses
import json
import time

import site_example

# The lifetime in `policies.toml`, plus time for a Date in whole seconds.
SHORT = 5
STALE = SHORT + 1.3

MISS, HIT, REVALIDATED = "MISS", "HIT", "REVALIDATED"


@dataclasses.dataclass(frozen=True)
class Response:
    status: int
    # Indexed by names in lower case.
    fields: dict
    content: bytes


@dataclasses.dataclass(frozen=True)
class Kind:
    """One cache: a library over one kind of connection, private or shared."""

    library: str
    way: object
    shared: bool
    # The expected deviations from the standard by question, with the reasons.
    otherwise: dict = dataclasses.field(default_factory=dict)

    def __str__(self):
        return f"{self.library}, {'shared' if self.shared else 'private'}"


def hold(stage, kinds, client):
    """`client` creates the client for a kind: a context with `fetch(method, path, fields, content)`."""
    with concurrent.futures.ThreadPoolExecutor(len(kinds)) as pool:
        # The caches run concurrently, because each has to wait. The results are printed in order.
        for rows in pool.map(lambda kind: Held(stage, kind, client).all(), kinds):
            for row in rows:
                stage.report.check(*row)


class Held:
    def __init__(self, stage, kind, client):
        self.kind, self.rows = kind, []
        # The content at the last MISS, by path and coding.
        self.contents = {}
        self.site = stage.site_of_short_lives(f"{kind} {kind.way}")
        self.versioned = stage.versioned()["style.css"]
        self.client = client(self.site, kind)

    def all(self):
        with self.client as self.asking:
            self.become_stale()
            self.stay_fresh()
            self.asked_before_each_reuse()
            self.never_kept()
            self.for_one_user()
            self.changed_through_it()
        if self.kind.way.tls:
            self.check("what was spoken", ", ".join(sorted(self.site.spoken)), self.kind.way.version)
        return self.rows

    # ==== The questions ====

    def become_stale(self):
        self.check("max-age=5, first", self.came("/articles/10"), MISS)
        self.check("public, max-age=5, first", self.came("/articles/11"), MISS)
        self.check("private, max-age=5, first", self.came("/articles/12"), MISS)
        self.check("max-age=60, s-maxage=5, first", self.came("/articles/13"), MISS)
        # At once, because some caches remove responses that have been stale for long.
        time.sleep(STALE)
        for path, called in (("/articles/10", "max-age=5"), ("/articles/11", "public, max-age=5")):
            self.check(f"{called}, stale", self.came(path), REVALIDATED)
            self.check(f"{called}, fresh by that 304", self.came(path), HIT)
        shared = self.kind.shared
        self.check("private, max-age=5, stale", self.came("/articles/12"), MISS if shared else REVALIDATED)
        self.check("max-age=60, s-maxage=5, later", self.came("/articles/13"), REVALIDATED if shared else HIT)

    def stay_fresh(self):
        self.twice("/page", "/page", MISS, HIT)
        self.twice("a file, versioned", self.versioned, MISS, HIT)
        self.twice("/download", "/download", MISS, HIT)
        self.twice("/dashboard", "/dashboard", MISS, HIT)
        # Each coding is a separate representation.
        gzip = {"accept-encoding": "gzip"}
        self.twice("/dashboard in gzip", "/dashboard", MISS, HIT, gzip)
        self.check("/dashboard, once more as it is", self.came("/dashboard"), HIT)
        self.twice("a file, versioned, in gzip", self.versioned, MISS, HIT, gzip)

    def asked_before_each_reuse(self):
        self.twice("no-cache, an article", "/articles/1", MISS, REVALIDATED)
        self.twice("no-cache, a file", "/static/style.css", MISS, REVALIDATED)
        self.site.put("/articles/1", "new")
        self.check("no-cache, changed at the site", self.came("/articles/1"), MISS)
        self.check("no-cache, and it is the new one", self.title("/articles/1"), "new")

    def never_kept(self):
        self.twice("no-store, the front page", "/", MISS, MISS)
        self.twice("no-store, an article", "/articles/18", MISS, MISS)
        self.twice("an error", "/fail", "500", "500")
        self.twice("what is not there", "/nothing", "404", "404")

    def for_one_user(self):
        again = MISS if self.kind.shared else HIT
        self.twice("private, what sets a cookie", "/me", MISS, again)
        self.twice("private, an article", "/articles/17", MISS, again)
        for path in ("/articles/14", "/articles/16"):
            called = "max-age" if path == "/articles/14" else "public"
            # Whether the response for one user is reused for another.
            first = self.came(path, {"authorization": "Basic YTpi"})
            self.check(f"{called}, with Authorization", first, MISS)
            if self.kind.shared:
                second = self.came(path, {"authorization": "Basic YTpi"})
                self.check(f"{called}, with Authorization, again", second, MISS)
                self.check(f"{called}, for another user", self.came(path), MISS)

    def changed_through_it(self):
        path, fields = "/articles/19", {"content-type": "application/json", "if-match": "*"}
        self.twice("max-age, an article", path, MISS, HIT)
        response = self.asking.fetch("PUT", path, fields, site_example.article("new").encode())
        self.check("PUT through the cache", response.status, 204)
        self.check("and it is the new one", self.title(path), "new")

    # ==== Requests ====

    def twice(self, called, path, first, second, fields=None):
        self.check(f"{called}, first", self.came(path, fields), first)
        self.check(f"{called}, second", self.came(path, fields), second)

    def came(self, path, fields=None):
        """The requests that reached the site, with a note if the client gets other content than the site sent."""
        mark = self.site.mark()
        response = self.asking.fetch("GET", path, fields or {}, None)
        reached = self.site.asked(path, mark)
        word = {(): HIT, (200,): MISS, (304,): REVALIDATED}.get(tuple(reached), " ".join(map(str, reached)))
        copy = path, response.fields.get("content-encoding")
        if word == MISS:
            self.contents[copy] = response.content
        if word in (HIT, REVALIDATED) and (response.status, response.content) != (200, self.contents.get(copy)):
            return f"{word}, and the client gets {response.status} with other content"
        return word

    def title(self, path):
        return json.loads(self.asking.fetch("GET", path, {}, None).content)["title"]

    def check(self, asked, came, expected):
        if asked in self.kind.otherwise:
            expected, why = self.kind.otherwise[asked]
        else:
            why = ""
        self.rows.append((str(self.kind), str(self.kind.way), asked, came, expected, why))
