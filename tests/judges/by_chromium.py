"""Chromium, controlled by playwright-core: its requests on a visit, a return, a reload and back navigation.

`tests/browser/run` loads the front page twice and after a change, over HTTP/1.1. This module adds TLS
and HTTP/2, memory, expiry, reloads, history, the modes of `fetch`, and a cache that outlives the browser. The log
of the site contains its requests, and the browser reports the source of each file."""

import concurrent.futures
import subprocess
import time
from urllib.parse import urlsplit

import installed
from library_caches import STALE
from node import Led
from stage import H1, H1_TLS, H2_TLS

JUDGE = "chromium"
PROGRAM = "/usr/bin/chromium"
# Chromium does not support HTTP/2 without TLS.
WAYS = (H1, H1_TLS, H2_TLS)
PROTOCOLS = {"HTTP/1.1": "http/1.1", "HTTP/2": "h2"}

ARGUMENTS = [
    # The sandbox does not work for root.
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--no-proxy-server",
    # The back/forward cache would bypass the HTTP cache.
    "--disable-back-forward-cache",
]


def judge(stage):
    printed = subprocess.run([PROGRAM, "--version"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    driver = f"playwright-core {installed.version_of('playwright-core')}"
    stage.report.heading(JUDGE, f"{printed.stdout.split()[1]}, controlled by {driver}")
    with concurrent.futures.ThreadPoolExecutor(len(WAYS)) as pool:
        # The sites run concurrently, because each has to wait. The results are printed in order.
        for rows in pool.map(lambda way: visit(stage, way), WAYS):
            for row in rows:
                stage.report.check(*row)


def visit(stage, way):
    visited = Visited(stage, way)
    with visited.browser() as browser:
        visited.all(browser)
    # The same profile again.
    with visited.browser() as browser:
        visited.after_a_restart(browser)
    return visited.rows


class Visited:
    """One site over one kind of connection, and a browser with its own profile."""

    def __init__(self, stage, way):
        self.way, self.rows = way, []
        self.site = stage.site_of_short_lives(f"{JUDGE} {way}")
        self.base = self.site.base(way)
        self.versioned = stage.versioned()
        self.home = self.site.log.parent / "home"
        trust(self.home, stage.certificate.authority)

    def browser(self):
        arguments = [*ARGUMENTS, "--disable-http2"] if self.way == H1_TLS else ARGUMENTS
        options = {
            "program": PROGRAM,
            "profile": str(self.home / "profile"),
            "arguments": arguments,
            "environment": {"HOME": str(self.home), "TMPDIR": str(self.home)},
        }
        return Led("chromium.mjs", options)

    def all(self, browser):
        self.led = browser
        self.front_page()
        self.a_page()
        self.a_file_by_itself()
        self.becomes_stale()
        self.asked_before_each_reuse()
        self.never_kept()
        self.way_back()
        self.modes_of_fetch()

    # ==== The visits ====

    def front_page(self):
        every = {path: [200] for path in self.versioned.values()}
        visit = self.do("open", "/", idle=True)
        self.check("/, first visit: requests", visit.asked(), {"/": [200], **every})
        self.check("/, first visit: its files come from", visit.sources(self.versioned), {"network"})
        self.check("/, first visit: they come over", visit.protocols(), {PROTOCOLS[self.way.version]})
        self.check("/, first visit: it complains of", visit.complaints, [])

        picture = self.versioned["cup.svg"]
        one = f"(() => {{ const image = new Image(); image.src = '{picture}'; return image.decode(); }})()"
        visit = self.do("evaluate", expression=f"Promise.all([{one}, {one}]).then(() => true)")
        self.check("/, the same picture in the same page: requests", visit.asked(), {})

        # A reload requests only the page. Chromium does this for every fresh file, with or without `immutable`.
        visit = self.do("reload", idle=True)
        self.check("/, reload: requests", visit.asked(), {"/": [200]})
        kept = visit.sources(self.versioned) <= {"memory", "disk"}
        self.check("/, reload: its files are from memory or disk", kept, True)

        # The picture is requested twice, because it is also the icon of the tab. The font is in memory even then.
        visit = self.do("hard reload", idle=True)
        font = self.versioned["tally.woff2"]
        asked = {path: sorted(set(statuses)) for path, statuses in visit.asked().items() if path != font}
        del every[font]
        self.check("/, hard reload: requests, except the font", asked, {"/": [200], **every})

        visit = self.return_to("/", idle=True)
        self.check("/, after that: requests", visit.asked(), {"/": [200]})

    def a_page(self):
        self.expect("max-age, first visit", self.return_to("/page"), "/page", [200])
        self.expect("max-age, second visit", self.return_to("/page"), "/page", [])
        self.expect("max-age, reload", self.do("reload"), "/page", [304])
        self.expect("max-age, hard reload", self.do("hard reload"), "/page", [200])

    def a_file_by_itself(self):
        path = self.versioned["app.js"]
        self.expect("immutable, in the address bar", self.return_to(path), path, [])
        # `immutable` makes this unnecessary (RFC 8246), but Chromium does not support it and revalidates the URL in its
        # address bar.
        self.expect("immutable, reload of the file itself", self.do("reload"), path, [304])
        self.expect("immutable, hard reload of the file itself", self.do("hard reload"), path, [200])

    def becomes_stale(self):
        path = "/articles/10"
        self.expect("max-age=5, first visit", self.return_to(path), path, [200])
        self.expect("max-age=5, second visit", self.return_to(path), path, [])
        time.sleep(STALE)
        visit = self.return_to(path)
        self.expect("max-age=5, stale", visit, path, [304])
        self.check("max-age=5, stale: the page comes from", visit.sources([path]), {"network (304)"})
        self.expect("max-age=5, fresh by that 304", self.return_to(path), path, [])

    def asked_before_each_reuse(self):
        path = "/articles/2"
        self.expect("no-cache, first visit", self.return_to(path), path, [200])
        self.expect("no-cache, second visit", self.return_to(path), path, [304])
        self.site.put(path, "changed")
        self.expect("no-cache, changed between", self.return_to(path), path, [200])
        self.check("no-cache, and it shows", '"changed"' in self.do("text").value, True)
        self.expect("no-cache, as it is now", self.return_to(path), path, [304])

    def never_kept(self):
        for path, status in (("/", 200), ("/articles/18", 200), ("/fail", 500), ("/nothing", 404)):
            for count in ("first", "second"):
                self.expect(f"no-store, {path}, {count} visit", self.return_to(path), path, [status])
        # This browser has one user, so it may store private responses.
        self.expect("private, /me, first visit", self.return_to("/me"), "/me", [200])
        self.expect("private, /me, second visit", self.return_to("/me"), "/me", [])

    def way_back(self):
        for path, asked in (("/", [200]), ("/articles/11", [200]), ("/articles/3", [200]), ("/me", [])):
            self.expect(f"history, forth to {path}", self.do("follow", path), path, asked)
        # History shows stored pages without revalidation, even if they are stale or have `no-cache` (RFC 9111 section 6). A
        # page with `no-store` is requested again.
        time.sleep(STALE)
        for deed, path, called, asked in (
            ("back", "/articles/3", "no-cache", []),
            ("back", "/articles/11", "max-age=5, stale", []),
            ("back", "/", "no-store", [200]),
            ("forward", "/articles/11", "max-age=5, stale", []),
            ("forward", "/articles/3", "no-cache", []),
            ("forward", "/me", "private", []),
        ):
            self.expect(f"history, {deed} to {called}", self.do(deed), path, asked)

    def modes_of_fetch(self):
        self.return_to("/page")
        for mode, asked in (
            ("default", []),
            ("no-cache", [304]),
            ("force-cache", []),
            ("only-if-cached", []),
            ("reload", [200]),
            ("no-store", [200]),
        ):
            call = f"fetch('/page', {{ cache: '{mode}', mode: 'same-origin' }})"
            visit = self.do("evaluate", expression=f"{call}.then(response => response.text()).then(text => text.length)")
            self.expect(f"fetch, {mode}", visit, "/page", asked)
        call = "fetch('/articles/16', { headers: { authorization: 'Basic YTpi' } })"
        visit = self.do("evaluate", expression=f"{call}.then(response => response.headers.get('cache-control'))")
        self.check("fetch, with Authorization, of what is public", visit.value, "private, max-age=60")

    def after_a_restart(self, browser):
        self.led = browser
        visit = self.do("open", "/", idle=True)
        self.check("/, after a restart of the browser: requests", visit.asked(), {"/": [200]})
        self.check("/, by a browser started again: its files come from", visit.sources(self.versioned), {"disk"})
        self.expect("private, by a browser started again", self.return_to("/me"), "/me", [])

    # ==== Control ====

    def do(self, deed, path=None, **facts):
        mark = self.site.mark()
        if path:
            facts["url"] = self.base + path
        return Visit(self.site, mark, self.led.call(do=deed, **facts))

    def return_to(self, path, **facts):
        """A visit from another page. From the page itself, it would be a reload."""
        self.led.call(do="open", url="about:blank")
        return self.do("open", path, **facts)

    def expect(self, called, visit, path, asked):
        self.check(f"{called}: the site returns", visit.asked().get(path, []), asked)

    def check(self, asked, came, expected):
        self.rows.append(
            (JUDGE, str(self.way), asked, shown(came, self.versioned), shown(expected, self.versioned))
        )


class Visit:
    """The result of one action."""

    def __init__(self, site, mark, response):
        self.site, self.mark, self.loads = site, mark, response["loads"]
        self.value, self.complaints = response.get("value"), response["complaints"]
        self._asked = None

    def asked(self):
        """The requests to the site, without the default icon of pages."""
        if self._asked is None:
            self._asked = self.site.asked_at_all(self.mark)
            self._asked.pop("/favicon.ico", None)
        return self._asked

    def sources(self, paths):
        """The sources of these files in the browser. A file that is also the icon is loaded twice."""
        sources = {}
        for load in self.loads:
            sources.setdefault(urlsplit(load["url"]).path, []).append(load["source"])
        paths = paths.values() if isinstance(paths, dict) else paths
        return {source for path in paths for source in sources.get(path, ["nowhere"])[:1]}

    def protocols(self):
        return {load["protocol"] for load in self.loads if load.get("protocol")}


def shown(value, versioned):
    """A value for the report, with the names of versioned files."""
    if isinstance(value, dict):
        names = {url: name for name, url in versioned.items()}
        value = {names.get(path, path): asked for path, asked in value.items()}
        return ", ".join(f"{path} {' '.join(map(str, asked))}" for path, asked in sorted(value.items())) or "nothing"
    if isinstance(value, (set, list)):
        return ", ".join(map(str, sorted(value))) or "nothing"
    return value


def trust(home, authority):
    """Adds the authority to those that Chromium trusts, because Chromium stores no response that has a certificate
    error, even if it is ignored."""
    database = home / ".pki" / "nssdb"
    database.mkdir(parents=True)
    for arguments in (["-N", "--empty-password"], ["-A", "-t", "C,,", "-n", "the judges", "-i", authority]):
        command = ["certutil", "-d", f"sql:{database}", *arguments]
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        if done.returncode:
            raise RuntimeError(f"certutil: {done.stdout}")
