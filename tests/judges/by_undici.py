"""undici, the client of Node, with its cache interceptor, for one user and for many."""

import base64

import installed
from library_caches import MISS, Response, Kind, hold
from node import Led
from stage import WAYS

JUDGE = "undici"

FORGOTTEN = (MISS, "it uses what a 304 with Cache-Control has confirmed, and then forgets it")
OTHERWISE = {f"{lifetime}, fresh by that 304": FORGOTTEN for lifetime in ("max-age=5", "public, max-age=5")}


def judge(stage):
    stage.report.heading(JUDGE, installed.version_of(JUDGE))
    kinds = [Kind(JUDGE, way, shared, OTHERWISE) for way in WAYS for shared in (False, True)]
    hold(stage, kinds, lambda site, kind: Client(stage, site, kind))


class Client(Led):
    def __init__(self, stage, site, kind):
        http2 = kind.way.version == "HTTP/2"
        options = {
            "type": "shared" if kind.shared else "private",
            "http2": http2,
            # undici has another client for HTTP/2 without TLS.
            "h2c": http2 and not kind.way.tls,
            "base": site.base(kind.way),
        }
        super().__init__("undici.mjs", options, NODE_EXTRA_CA_CERTS=str(stage.certificate.authority))

    def fetch(self, method, path, fields, content):
        fields = {"accept-encoding": "identity", "user-agent": "tests/judges", **fields}
        content = base64.b64encode(content).decode() if content else None
        response = self.call(method=method, path=path, fields=fields, content=content)
        return Response(response["status"], response["fields"], base64.b64decode(response["content"]))
