"""wget with `-N`: downloads a file again only if the site has a newer one. It supports only HTTP/1.1."""

import os
import subprocess

from stage import H1, H1_TLS

JUDGE = "wget"


def judge(stage):
    printed = subprocess.run([JUDGE, "--version"], check=True, stdout=subprocess.PIPE, text=True).stdout
    stage.report.heading(JUDGE, printed.split()[2])
    for way in (H1, H1_TLS):
        site = stage.site(f"{JUDGE} {way}")
        directory = site.log.parent / "fetched"
        directory.mkdir()

        def fetch(path):
            """The requests to the site, and whether the file was written."""
            file = directory / path.removeprefix("/")
            # The time of the last change of any kind, because the date of the file is that of the site.
            before = file.stat().st_ctime_ns if file.exists() else None
            mark = site.mark()
            command = [JUDGE, "--no-config", "--no-proxy", "--tries=1", "--timeout=20", "--no-verbose", "-N"]
            command += [f"--ca-certificate={stage.certificate.authority}", site.base(way) + path]
            done = subprocess.run(command, cwd=directory, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
            if done.returncode:
                return f"wget ends with {done.returncode}: {done.stdout.strip()}"
            return f"{site.asked(path, mark)}, {'written' if file.stat().st_ctime_ns != before else 'unchanged'}"

        def check(asked, came, expected):
            stage.report.check(JUDGE, str(way), asked, came, expected)

        for path in ("/dashboard", "/download"):
            file = directory / path.removeprefix("/")
            check(f"{path} -N", fetch(path), "[200], written")
            content = file.read_bytes()
            check(f"{path} -N, again", fetch(path), "[304], unchanged")
            date = file.stat().st_mtime
            os.utime(file, (date - 10, date - 10))
            check(f"{path} -N, the file is ten seconds older", fetch(path), "[200], written")
            check(f"{path} -N, and has its date again", fetch(path), "[304], unchanged")
            check(f"{path} has the same content still", file.read_bytes() == content, True)
        # Without a date, there is nothing to compare.
        for count in ("first", "second"):
            check(f"/page -N, no Last-Modified, {count} time", fetch("/page"), "[200], written")
