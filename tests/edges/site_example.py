"""The example site, its log, and a replacement for when it is down."""

import http.client
import http.server
import json
import os
import pathlib
import re
import subprocess
import threading
import time

HERE = pathlib.Path(__file__).parent
ROOT = HERE.parent.parent


def build():
    """Builds the examples and returns the program of the site. The gateway is in the same directory."""
    examples = ["--example", "site", "--example", "gateway"]
    command = ["cargo", "build", "--quiet", *examples, "--all-features", "--message-format=json"]
    messages = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout
    for message in map(json.loads, messages.splitlines()):
        if message.get("executable") and message["target"]["name"] == "site":
            return message["executable"]
    raise RuntimeError("cargo built no example named site")


class Site:
    def __init__(self, processes, program, directory, arguments, port=0):
        self.processes = processes
        self.program = pathlib.Path(program)
        self.log = directory / "site.log"
        (directory / "files").mkdir()
        command = [program, "--port", str(port), *arguments]
        environment = {**os.environ, "TMPDIR": str(directory / "files")}
        self.process = processes.start(command, self.log, env=environment)
        self.port = self._port()

    def _port(self):
        for _ in range(200):
            if found := re.search(r"^listening on http://127\.0\.0\.1:(\d+)", self.log.read_text(), re.M):
                return int(found[1])
            if self.process.poll() is not None:
                break
            time.sleep(0.05)
        raise RuntimeError(f"the site did not start: {self.log.read_text()}")

    def reached(self, path, since=0):
        """The statuses of the responses to GET of `path` in the log after this length."""
        # Without the last line if it is incomplete.
        lines = self.log.read_bytes()[since:].decode().rpartition("\n")[0]
        return [int(status) for status in re.findall(rf"^GET {re.escape(path)} (\d+) ", lines, re.M)]

    def wait_for_log(self):
        """Waits until the previous requests are in the log, which is written after each response."""
        path = f"/probe-{time.monotonic_ns()}"
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        connection.request("GET", path)
        connection.getresponse().read()
        connection.close()
        deadline = time.monotonic() + 10
        while not self.reached(path):
            if time.monotonic() > deadline:
                raise RuntimeError(f"{path} is not in the log of the site")
            time.sleep(0.02)

    def put(self, path, title):
        """Writes an article at the site, without the cache."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        fields = {"Content-Type": "application/json"}
        # A write requires a precondition.
        fields["If-None-Match" if title == "old" else "If-Match"] = "*"
        connection.request("PUT", path, article(title), fields)
        status = connection.getresponse().status
        connection.close()
        if status not in (201, 204):
            raise RuntimeError(f"the site returns {status} to PUT {path}")

    def kill(self):
        self.processes.end(self.process, kindly=False)


def article(title):
    """An article that is long enough to be compressed."""
    return json.dumps({"title": title, "text": "Nobody has changed this yet. " * 4})


class Unavailable(http.server.BaseHTTPRequestHandler):
    """Returns 503 to every request."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.send_response(503)
        self.send_header("Content-Length", "5")
        self.end_headers()
        self.wfile.write(b"down\n")
        self.close_connection = True

    def log_message(self, *_):
        pass


class StandIn:
    """A server on the port of a stopped site, for the duration of the `with` block."""

    def __init__(self, port):
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Unavailable)
        self.server.daemon_threads = True
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()
