"""CacheControl, a cache for requests, for one user. It supports only HTTP/1.1."""

import importlib.metadata

import cachecontrol
import requests

from library_caches import MISS, Response, Kind, hold
from stage import H1, H1_TLS

JUDGE = "CacheControl"

OTHERWISE = {"/dashboard, once more as it is": (MISS, "it stores one response per URL")}


def judge(stage):
    stage.report.heading(JUDGE, importlib.metadata.version(JUDGE))
    kinds = [Kind(JUDGE, way, shared=False, otherwise=OTHERWISE) for way in (H1, H1_TLS)]
    hold(stage, kinds, lambda site, kind: Client(stage, site, kind))


class Client:
    def __init__(self, stage, site, kind):
        session = requests.Session()
        session.trust_env = False
        session.verify = str(stage.certificate.authority)
        session.headers = {"user-agent": "tests/judges", "accept-encoding": "identity"}
        self.session, self.base = cachecontrol.CacheControl(session), site.base(kind.way)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.session.close()

    def fetch(self, method, path, fields, content):
        response = self.session.request(method, self.base + path, headers=fields, data=content, timeout=20)
        fields = {name.lower(): value for name, value in response.headers.items()}
        return Response(response.status_code, fields, response.content)
