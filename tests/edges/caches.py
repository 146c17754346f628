"""The caches: their names, how each is started, how it reports hits and how it is purged."""

import dataclasses
import http.client
import pathlib
import re
import shutil
import subprocess
import time
from collections.abc import Callable

HERE = pathlib.Path(__file__).parent


@dataclasses.dataclass(frozen=True)
class Cache:
    name: str
    title: str
    packages: tuple
    # The edge profile of the site.
    profile: str
    # The command that prints its version.
    version: tuple
    # The account that it uses if root starts it.
    account: str | None
    # A file or a directory in this directory.
    configuration: str | None
    directories: tuple
    command: tuple
    # Whether the fields of a response report a hit. None if they do not report anything.
    says_hit: Callable
    # The request that purges a URL.
    purge: Callable = lambda edge, path: edge.request("PURGE", path)
    # The request fields of a hard and a soft purge by tag.
    purge_tag: tuple = ()

    def edge_args(self):
        """The arguments of the site for this cache."""
        return ["--edge", self.profile]

    def release(self):
        """The complete version."""
        printed = subprocess.run(self.version, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True).stdout
        return re.search(r"\d+\.\d+(\.\d+)?", printed)[0]


def x_cache(fields):
    return fields.get("X-Cache", "").startswith("HIT")


def nginx_says(fields):
    said = fields.get("X-Cache")
    return None if said == "REVALIDATED" else said in ("HIT", "STALE", "UPDATING")


def via_says(fields):
    """The codes `c`, for the result of the lookup, and `s`, for the response of the origin."""
    codes = re.search(r"\[c(.)s(.)", fields.get("Via", ""))
    return bool(codes) and codes[1] in "HR" and codes[2] == " "


def cache_status_says(fields):
    return "; hit" in fields.get("Cache-Status", "")


def remove_files(edge, path):
    """Removes all variants. Each file contains its URL in a line of its head."""
    key = f"\nKEY: 127.0.0.1{path}\n".encode()
    for file in (edge.directory / "cache").iterdir():
        if key in file.read_bytes():
            file.unlink()


CACHES = (
    Cache(
        name="nginx",
        title="nginx",
        packages=("nginx",),
        profile="nginx",
        version=("nginx", "-v"),
        account="www-data",
        configuration="nginx.conf",
        directories=("cache",),
        command=("nginx", "-e", "@DIR@/nginx.log", "-c", "@DIR@/nginx.conf"),
        says_hit=nginx_says,
        purge=remove_files,
    ),
    Cache(
        name="varnish",
        title="Varnish",
        packages=("varnish", "varnish-modules", "gcc", "libc6-dev"),
        profile="varnish",
        version=("varnishd", "-V"),
        account="varnish",
        configuration="varnish.vcl",
        directories=("work",),
        # No default lifetimes. A stale response is stored for an hour, to revalidate it with If-None-Match.
        command=(
            *("varnishd", "-F", "-j", "none", "-n", "@DIR@/work", "-f", "@DIR@/varnish.vcl"),
            *("-a", "127.0.0.1:@PORT@", "-T", "none", "-s", "malloc,16m"),
            *("-p", "default_ttl=0", "-p", "default_grace=0", "-p", "default_keep=3600"),
        ),
        says_hit=x_cache,
        purge_tag=("xkey-purge", "xkey-softpurge"),
    ),
    Cache(
        name="squid",
        title="Squid",
        packages=("squid",),
        profile="squid",
        version=("squid", "-v"),
        account="proxy",
        configuration="squid.conf",
        directories=(),
        command=("squid", "-N", "-f", "@DIR@/squid.conf"),
        says_hit=x_cache,
    ),
    Cache(
        name="trafficserver",
        title="Traffic Server",
        packages=("trafficserver",),
        profile="ats",
        version=("traffic_server", "-V"),
        account="trafficserver",
        configuration="trafficserver",
        directories=("cache", "log", "run"),
        command=("traffic_server", "--run-root=@DIR@/runroot.yaml"),
        says_hit=via_says,
    ),
    Cache(
        name="haproxy",
        title="HAProxy",
        packages=("haproxy",),
        profile="haproxy",
        version=("haproxy", "-v"),
        account="haproxy",
        configuration="haproxy.cfg",
        directories=(),
        command=("haproxy", "-db", "-f", "@DIR@/haproxy.cfg"),
        says_hit=x_cache,
    ),
    Cache(
        name="apache",
        title="Apache httpd",
        packages=("apache2",),
        profile="standard",
        version=("apache2", "-v"),
        account="www-data",
        configuration="apache.conf",
        directories=("cache",),
        command=("apache2", "-D", "FOREGROUND", "-f", "@DIR@/apache.conf"),
        says_hit=x_cache,
    ),
    Cache(
        name="gateway",
        title="examples/gateway.rs",
        packages=(),
        profile="shared-cache",
        version=("grep", "-m1", "^version", str(HERE.parent.parent / "Cargo.toml")),
        account=None,
        configuration=None,
        directories=(),
        command=("@PROGRAMS@/gateway", "127.0.0.1:@PORT@", "127.0.0.1:@SITE@"),
        says_hit=cache_status_says,
        purge_tag=("xkey-purge", "xkey-softpurge"),
    ),
)


@dataclasses.dataclass(frozen=True)
class Response:
    status: int
    fields: object
    body: bytes
    # HIT, MISS or REVALIDATED, as seen by the origin and not contradicted by the cache.
    came: str


class Edge:
    """A cache that runs in front of a site."""

    def __init__(self, processes, cache, site, directory):
        self.cache = cache
        self.site = site
        self.port = processes.free_port()
        self.directory = directory
        self._configure()
        command = [self._filled(part) for part in cache.command]
        self.process = processes.start(command, directory / "printed.log", cwd=directory)
        self._wait()

    def _filled(self, text):
        programs = self.site.program.parent
        values = (("PORT", self.port), ("SITE", self.site.port), ("DIR", self.directory), ("PROGRAMS", programs))
        for name, value in values:
            text = text.replace(f"@{name}@", str(value))
        return text

    def _configure(self):
        if self.cache.configuration is None:
            return
        source = HERE / self.cache.configuration
        for file in source.iterdir() if source.is_dir() else [source]:
            (self.directory / file.name).write_text(self._filled(file.read_text()))
        for name in self.cache.directories:
            (self.directory / name).mkdir()
        for path in (self.directory, *self.directory.iterdir()):
            shutil.chown(path, self.cache.account)

    def _wait(self):
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                if self.request("GET", "/nothing/here")[0] == 404:
                    return
            except (OSError, http.client.HTTPException):
                pass
            time.sleep(0.05)
        raise RuntimeError("the cache does not respond")

    def request(self, method, path, fields=None, body=None):
        """Sends these fields, and from the client only Host and Content-Length."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=15)
        try:
            connection.putrequest(method, path, skip_accept_encoding=True)
            for name, value in (fields or {}).items():
                connection.putheader(name, value)
            if body is not None:
                connection.putheader("Content-Length", str(len(body)))
            connection.endheaders(body)
            response = connection.getresponse()
            return response.status, response.headers, response.read()
        finally:
            connection.close()

    def fetch(self, path, **fields):
        """Sends a GET with request fields such as `accept_language`, and returns whether it reached the site."""
        before = len(self.site.reached(path))
        sent = {name.replace("_", "-"): value for name, value in fields.items()}
        status, received, body = self.request("GET", path, sent)
        hit = self.cache.says_hit(received)
        # The site writes its line after it has sent its response, so this waits for a moment.
        deadline = time.monotonic() + (0.06 if hit else 2)
        while not (reached := self.site.reached(path)[before:]) and time.monotonic() < deadline:
            time.sleep(0.01)
        return Response(status, received, body, came(hit, reached))


def came(hit, reached):
    """The requests at the site count. If the cache reports something else, the result contains it."""
    # The caches report this in different ways.
    if reached == [304]:
        return "REVALIDATED"
    word = "MISS" if reached else "HIT"
    if hit is None or hit == (word == "HIT"):
        return word
    return f"{word}, but the cache reports {'HIT' if hit else 'MISS'}"
