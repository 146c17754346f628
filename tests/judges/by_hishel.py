"""hishel, a cache for httpx, for one user and for many."""

import importlib.metadata

import hishel
import hishel.httpx
import httpx

from library_caches import REVALIDATED, Response, Kind, hold
from stage import WAYS

JUDGE = "hishel"

# If hishel has stored another coding, it sends the tag of that one (RFC 9111 section 4.1). The site confirms it, so
# no second coding is ever stored.
CONFIRMED = (REVALIDATED, "it offers the tag of the one it has, and is given that one")
TWICE = ("/dashboard in gzip", "a file, versioned, in gzip")
OTHERWISE = {f"{called}, {time}": CONFIRMED for called in TWICE for time in ("first", "second")}


def judge(stage):
    stage.report.heading(JUDGE, importlib.metadata.version(JUDGE))
    kinds = [Kind(JUDGE, way, shared, OTHERWISE) for way in WAYS for shared in (False, True)]
    hold(stage, kinds, lambda site, kind: Client(stage, site, kind))


class Client:
    def __init__(self, stage, site, kind):
        transport = httpx.HTTPTransport(
            http1=kind.way.version == "HTTP/1.1",
            http2=kind.way.version == "HTTP/2",
            verify=stage.trusting(),
            trust_env=False,
        )
        storage = hishel.SqliteStorage(database_path=site.log.parent / "hishel.db")
        options = hishel.CacheOptions(shared=kind.shared)
        cache = hishel.httpx.CacheTransport(transport, storage=storage, rfc=options)
        self.client = httpx.Client(transport=cache, base_url=site.base(kind.way), trust_env=False, timeout=20)
        # Otherwise it accepts every coding that it supports.
        self.client.headers = httpx.Headers({"user-agent": "tests/judges", "accept-encoding": "identity"})

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.client.close()

    def fetch(self, method, path, fields, content):
        response = self.client.request(method, path, headers=fields, content=content)
        return Response(response.status_code, dict(response.headers), response.content)
