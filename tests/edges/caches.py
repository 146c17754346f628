"""The caches: what they are called, how each is started, what it says of itself and how it is purged."""

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
    # What the site's answers are written for.
    profile: str
    # What prints its version.
    version: tuple
    # The account that it changes to when root starts it.
    account: str
    # A file of this directory, or a directory of it.
    configuration: str
    directories: tuple
    command: tuple
    # From the fields of an answer: whether the cache says that it asked nobody. None where
    # it says neither.
    says_hit: Callable
    # What makes it forget a URL.
    purge: Callable = lambda edge, path: edge.request("PURGE", path)
    # Request fields of a purge by tag: the hard one and the soft one.
    purge_tag: tuple = ()

    def edge_args(self):
        """What tells the site of the cache in front of it."""
        return ["--edge", self.profile]

    def release(self):
        """Its version in full."""
        printed = subprocess.run(self.version, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True).stdout
        return re.search(r"\d+\.\d+(\.\d+)?", printed)[0]


def x_cache(fields):
    return fields.get("X-Cache", "").startswith("HIT")


def nginx_says(fields):
    said = fields.get("X-Cache")
    return None if said == "REVALIDATED" else said in ("HIT", "STALE", "UPDATING")


def via_says(fields):
    """The codes `c`, for what was found in the cache, and `s`, for what the origin said."""
    codes = re.search(r"\[c(.)s(.)", fields.get("Via", ""))
    return bool(codes) and codes[1] in "HR" and codes[2] == " "


def remove_files(edge, path):
    """All variants of it: each file names its URL, on a line in its head."""
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
        # The lifetimes that it gives of its own accord are none. What is stale it retains for
        # an hour, to ask about it with If-None-Match.
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
)


@dataclasses.dataclass(frozen=True)
class Answer:
    status: int
    fields: object
    body: bytes
    # HIT, MISS or REVALIDATED, as the origin saw it and the cache does not deny it.
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
        for name, value in (("PORT", self.port), ("SITE", self.site.port), ("DIR", self.directory)):
            text = text.replace(f"@{name}@", str(value))
        return text

    def _configure(self):
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
        raise RuntimeError("it does not answer")

    def request(self, method, path, fields=None, body=None):
        """Sends these fields, and none of the client's own but Host and Content-Length."""
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

    def ask(self, path, **fields):
        """GET, with request fields such as `accept_language`, and whether the site saw it."""
        before = len(self.site.reached(path))
        sent = {name.replace("_", "-"): value for name, value in fields.items()}
        status, received, body = self.request("GET", path, sent)
        hit = self.cache.says_hit(received)
        # The site writes its line when it has sent its answer, which may be a moment later.
        # Where there is to be none, a moment later there is still none.
        deadline = time.monotonic() + (0.06 if hit else 2)
        while not (reached := self.site.reached(path)[before:]) and time.monotonic() < deadline:
            time.sleep(0.01)
        return Answer(status, received, body, came(hit, reached))


def came(hit, reached):
    """What the site saw counts. Where the cache says something else, that is in the word."""
    # Of this the caches have different words.
    if reached == [304]:
        return "REVALIDATED"
    word = "MISS" if reached else "HIT"
    if hit is None or hit == (word == "HIT"):
        return word
    return f"{word}, though the cache says {'HIT' if hit else 'MISS'}"
