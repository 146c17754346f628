"""curl, as scripts use it: `--etag-save` with `--etag-compare`, and `-z` with the date of a file."""

import json
import os
import subprocess

from stage import WAYS

JUDGE = "curl"
VERSIONS = {"HTTP/1.1": ("1.1", "--http1.1"), "HTTP/2": ("2", "--http2")}
TAGGED = ("/page", "/dashboard", "/articles/1", "/static/style.css", "/download")
DATED = ("/dashboard", "/download")


def judge(stage):
    printed = subprocess.run([JUDGE, "--version"], check=True, stdout=subprocess.PIPE, text=True).stdout
    stage.report.heading(JUDGE, printed.split()[1])
    for way in WAYS:
        Asked(stage, way).all()


class Asked:
    """One site over one kind of connection, and the files that curl stores."""

    def __init__(self, stage, way):
        self.report, self.way = stage.report, way
        self.site = stage.site(f"{JUDGE} {way}")
        self.files = self.site.log.parent
        self.versioned = stage.versioned()["style.css"]
        version = VERSIONS[way.version][1]
        # Without TLS, client and server must know the version in advance.
        self.options = [version if way.tls or version == "--http1.1" else "--http2-prior-knowledge"]
        self.options += ["--cacert", str(stage.certificate.authority)]

    def all(self):
        for path in (*TAGGED, self.versioned):
            self.by_tag(path, self.name(path))
        for path in ("/page", "/dashboard", "/articles/1", self.versioned):
            self.by_tag(path, self.name(path), "--compressed")
        self.by_changed_tag("/articles/2")
        self.by_no_tag("/")
        for path in DATED:
            self.by_date(path)
        self.by_date_of_what_has_none("/page")

    def name(self, path):
        return "/static/style.css versioned" if path == self.versioned else path

    def curl(self, path, *options):
        """The status, the length of the content, and a note if another HTTP version was used."""
        command = [JUDGE, "--silent", "--show-error", "--max-time", "20", *self.options, *options]
        written = ["--write-out", "%{http_code} %{size_download} %{http_version}", self.site.base(self.way) + path]
        environment = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        done = subprocess.run([*command, *written], text=True, env=environment, **pipes)
        if done.returncode:
            return f"curl ends with {done.returncode}: {done.stderr.strip()}"
        status, size, version = done.stdout.split()
        expected = VERSIONS[self.way.version][0]
        return Came(int(status), int(size), "" if version == expected else f", over {version}")

    def check(self, asked, came, expected):
        self.report.check(JUDGE, str(self.way), asked, came, expected)

    def by_tag(self, path, name, *options):
        tag, body = self.files / "tag", self.files / "body"
        tag.unlink(missing_ok=True)
        body.unlink(missing_ok=True)
        called = " ".join([name, *options])
        first = self.curl(path, *options, "--etag-save", tag, "-o", body)
        kept, content = tag.read_text(), body.read_bytes()
        saved = "a tag" if kept.strip() else "no tag"
        self.check(f"{called} --etag-save", f"{word(first)}, {saved}", "200 and content, a tag")
        second = self.curl(path, *options, "--etag-compare", tag, "--etag-save", tag, "-o", body)
        same = "the same" if kept == tag.read_text() and content == body.read_bytes() else "others"
        came = f"{word(second)}, both files {same}"
        self.check(f"{called} --etag-compare", came, "304 and nothing, both files the same")

    def by_changed_tag(self, path):
        tag, body = self.files / "tag", self.files / "body"
        self.curl(path, "--etag-save", tag, "-o", body)
        self.site.put(path, "new")
        came = self.curl(path, "--etag-compare", tag, "--etag-save", tag, "-o", body)
        title = json.loads(body.read_text())["title"]
        self.check(f"{path} --etag-compare, changed between", f"{word(came)}: {title}", "200 and content: new")
        came = self.curl(path, "--etag-compare", tag, "-o", body)
        self.check(f"{path} --etag-compare, as it is now", word(came), "304 and nothing")

    def by_no_tag(self, path):
        tag, body = self.files / "no-tag", self.files / "body"
        for count in ("first", "second"):
            compare = ["--etag-compare", tag] if count == "second" else []
            came = self.curl(path, *compare, "--etag-save", tag, "-o", body)
            saved = "a tag" if tag.exists() and tag.read_text().strip() else "no tag"
            called = f"{path} --etag-save, no-store, {count} time"
            self.check(called, f"{word(came)}, {saved}", "200 and content, no tag")

    def by_date(self, path):
        body = self.files / "dated"
        body.unlink(missing_ok=True)
        came = self.curl(path, "--remote-time", "-o", body)
        self.check(f"{path} --remote-time", word(came), "200 and content")
        came = self.curl(path, "-z", body, "-o", self.files / "other")
        self.check(f"{path} -z FILE", word(came), "304 and nothing")
        date = body.stat().st_mtime
        os.utime(body, (date - 10, date - 10))
        came = self.curl(path, "-z", body, "-o", self.files / "other")
        self.check(f"{path} -z FILE, ten seconds older", word(came), "200 and content")

    def by_date_of_what_has_none(self, path):
        body = self.files / "dated"
        self.curl(path, "-o", body)
        came = self.curl(path, "-z", body, "-o", self.files / "other")
        self.check(f"{path} -z FILE, no Last-Modified", word(came), "200 and content")


class Came(tuple):
    """The status, the size and a note."""

    def __new__(cls, *values):
        return super().__new__(cls, values)


def word(came):
    if isinstance(came, str):
        return came
    status, size, besides = came
    return f"{status} and {'content' if size else 'nothing'}{besides}"
