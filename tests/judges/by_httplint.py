"""httplint: checks a response together with its request."""

import collections
import importlib.metadata
import time

import httpx
from httplint import HttpRequestLinter, HttpResponseLinter

import questions
from notes import Accepted, Note
from stage import H1, WAYS

JUDGE = "httplint"
AGENT = ("user-agent", "tests/judges")


def judge(stage):
    stage.report.heading(JUDGE, importlib.metadata.version(JUDGE))
    accepted = Accepted(JUDGE)
    names = questions.names(stage.versioned())
    for way in WAYS:
        with Linted(stage, accepted, way, "", "--dashboard") as linted:
            for path, name in names.items():
                linted.ask_all(path, name)
            linted.fetch("what has no end", [questions.Question("GET", path, path) for path in questions.STREAMS])
            linted.fetch("writes", questions.writes())
    # The fields for edges and for development are the same over each HTTP version.
    modes = [("--edge", edge) for edge in stage.edges()] + [("--no-cache",)]
    for mode in modes:
        with Linted(stage, accepted, H1, " ".join(mode), *mode) as linted:
            few = {path: name for path, name in names.items() if name in questions.FEW}
            linted.fetch("one of each kind", [questions.Question("GET", path, name) for path, name in few.items()], True)
    accepted.close(stage.report)


class Linted:
    """One site over one kind of connection, whose responses are checked."""

    def __init__(self, stage, accepted, way, mode, *arguments):
        self.report, self.accepted, self.way, self.mode = stage.report, accepted, way, mode
        site = stage.site(f"{JUDGE} {way} {mode}", *arguments)
        self.client = httpx.Client(
            base_url=site.base(way),
            http1=way.version == "HTTP/1.1",
            http2=way.version == "HTTP/2",
            verify=stage.trusting(),
            trust_env=False,
            timeout=20,
            # A server closes a connection on which it has refused a request without reading its content. A request that
            # is already on its way there gets no response.
            limits=httpx.Limits(max_keepalive_connections=0),
        )

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.client.close()

    def ask_all(self, path, name):
        self.fetch(name, questions.of_path(path, name), further=True)

    def fetch(self, called, asked, further=False):
        """One row for all of these requests, and for those that their responses permit."""
        statuses, notes = collections.Counter(), []
        for question in asked:
            responses = [self.lint(question)]
            if further and question.method == "GET":
                responses += [self.lint(more) for more in questions.of_response(question, responses[0][0].headers)]
            for received, left in responses:
                statuses[str(received.status_code)] += 1
                if received.http_version != self.way.version:
                    notes.append(f"was sent over {received.http_version}")
                notes += left
        counted = ", ".join(f"{status} ×{count}" for status, count in sorted(statuses.items()))
        way = f"{self.way} {self.mode.removeprefix('--edge ')}".strip()
        self.report.check(JUDGE, way, f"{called}: {counted}", "; ".join(map(str, notes)) or "no note", "no note")

    def lint(self, question):
        """The response, and the notes on it."""
        request = self.client.build_request(question.method, question.path, content=question.content or None)
        # Only these fields, because httpx would add its own codings.
        for name in ("accept-encoding", "user-agent", "accept"):
            del request.headers[name]
        request.headers.update([AGENT, *question.fields])
        received = self.client.send(request, stream=True)
        response = HttpResponseLinter(start_time=time.time())
        response.is_head_response = question.method == "HEAD"
        response.base_uri = str(request.url)
        response.request = read(request, question)
        version = received.http_version.removeprefix("HTTP/").encode()
        response.process_response_topline(version, str(received.status_code).encode(), received.reason_phrase.encode())
        response.process_headers(received.headers.raw)
        # One chunk of an endless stream.
        endless = question.path in questions.STREAMS
        for piece in received.iter_raw():
            response.feed_content(piece)
            if endless:
                break
        received.close()
        response.finish_content(not endless)
        notes = [Note.of(note) for one in response.notes for note in (one, *one.subnotes)]
        return received, self.accepted.unaccepted(self.mode, received.status_code, question.name, notes)


def read(request, question):
    linter = HttpRequestLinter()
    linter.process_request_topline(question.method.encode(), str(request.url).encode(), b"1.1")
    linter.process_headers(request.headers.raw)
    linter.feed_content(question.content)
    linter.finish_content(True)
    return linter
