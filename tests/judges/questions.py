"""Every URL of the site, and each kind of response."""

import dataclasses
import json

PAGES = ("/", "/page", "/dashboard", "/articles/1", "/articles/99", "/me", "/fail", "/download", "/nothing", "/_cache")
STREAMS = ("/events", "/_cache/events")
# No file has this fingerprint.
STRANGE = "/static/style.0123456789abcdef0123456789abcdef.css"

# One URL for each kind of response.
FEW = ("/", "/page", "/dashboard", "/articles/1", "/articles/99", "/me", "/fail", "/static/style.css versioned")


@dataclasses.dataclass(frozen=True)
class Question:
    method: str
    path: str
    # The name of the path in reports. The path of a versioned file changes with the file.
    name: str
    kind: str = ""
    fields: tuple = ()
    content: bytes = b""

    def __str__(self):
        return f"{self.method} {self.name}{f', {self.kind}' if self.kind else ''}"


def names(versioned):
    """The names of all URLs by path, except streams."""
    paths = {path: path for path in (*PAGES, STRANGE)}
    for name, url in versioned.items():
        paths[url] = f"/static/{name} versioned"
        paths[f"/static/{name}"] = f"/static/{name}"
    return paths


def of_path(path, name):
    yield Question("GET", path, name)
    yield Question("HEAD", path, name)
    for coding in ("gzip", "br"):
        yield Question("GET", path, name, coding, (("accept-encoding", coding),))


def of_response(question, fields):
    """Further requests that a client with this response to GET can send."""

    def more(kind, *more):
        return dataclasses.replace(question, kind=f"{question.kind} {kind}".strip(), fields=(*question.fields, *more))

    tag, date = fields.get("etag"), fields.get("last-modified")
    if tag:
        yield more("If-None-Match", ("if-none-match", tag))
    if date:
        yield more("If-Modified-Since", ("if-modified-since", date))
    if fields.get("accept-ranges") == "bytes" and "content-encoding" not in fields:
        yield more("Range", ("range", "bytes=0-9"))
        yield more("Range beyond the end", ("range", "bytes=99999999-"))


def writes():
    """The writes in order. Each depends on the previous one."""
    article = json.dumps({"title": "Tea", "text": "Hot."}).encode()
    of_json = ("content-type", "application/json")
    for method, path, kind, content, fields in [
        ("PUT", "/articles/1", "blind", article, [of_json]),
        ("PUT", "/articles/1", "lost", article, [of_json, ("if-match", '"another"')]),
        ("PUT", "/articles/1", "made", article, [of_json, ("if-match", "*")]),
        ("PUT", "/articles/98", "created", article, [of_json, ("if-none-match", "*")]),
        ("PUT", "/articles/98", "not an article", b"{}", [of_json, ("if-match", "*")]),
        ("DELETE", "/articles/98", "blind", b"", []),
        ("DELETE", "/articles/98", "made", b"", [("if-match", "*")]),
        ("POST", "/page", "not allowed", b"", []),
        ("OPTIONS", "/articles/1", "not allowed", b"", []),
    ]:
        yield Question(method, path, path, kind, tuple(fields), content)
