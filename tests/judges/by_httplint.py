"""httplint: reads an answer as it came, with the request that it answers."""

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
            linted.ask("what has no end", [questions.Question("GET", path, path) for path in questions.STREAMS])
            linted.ask("writes", questions.writes())
    # The fields for edges and those of development are the same over each version.
    modes = [("--edge", edge) for edge in stage.edges()] + [("--no-cache",)]
    for mode in modes:
        with Linted(stage, accepted, H1, " ".join(mode), *mode) as linted:
            few = {path: name for path, name in names.items() if name in questions.FEW}
            linted.ask("one of each kind", [questions.Question("GET", path, name) for path, name in few.items()], True)
    accepted.close(stage.report)


class Linted:
    """One site over one way, its answers read by the judge."""

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
        )

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.client.close()

    def ask_all(self, path, name):
        self.ask(name, questions.of_path(path, name), further=True)

    def ask(self, called, asked, further=False):
        """One row for all of these, and for what their answers let one ask further."""
        statuses, notes = collections.Counter(), []
        for question in asked:
            answers = [self.lint(question)]
            if further and question.method == "GET":
                answers += [self.lint(more) for more in questions.of_answer(question, answers[0][0].headers)]
            for answer, left in answers:
                statuses[str(answer.status_code)] += 1
                if answer.http_version != self.way.version:
                    notes.append(f"came over {answer.http_version}")
                notes += left
        counted = ", ".join(f"{status} ×{count}" for status, count in sorted(statuses.items()))
        way = f"{self.way} {self.mode.removeprefix('--edge ')}".strip()
        self.report.check(JUDGE, way, f"{called}: {counted}", "; ".join(map(str, notes)) or "no note", "no note")

    def lint(self, question):
        """The answer, and what is to be said of it."""
        request = self.client.build_request(question.method, question.path, content=question.content or None)
        # These alone: httpx would ask for codings of its own.
        for name in ("accept-encoding", "user-agent", "accept"):
            del request.headers[name]
        request.headers.update([AGENT, *question.fields])
        answer = self.client.send(request, stream=True)
        response = HttpResponseLinter(start_time=time.time())
        response.is_head_response = question.method == "HEAD"
        response.base_uri = str(request.url)
        response.request = read(request, question)
        version = answer.http_version.removeprefix("HTTP/").encode()
        response.process_response_topline(version, str(answer.status_code).encode(), answer.reason_phrase.encode())
        response.process_headers(answer.headers.raw)
        # One piece of what has no end.
        endless = question.path in questions.STREAMS
        for piece in answer.iter_raw():
            response.feed_content(piece)
            if endless:
                break
        answer.close()
        response.finish_content(not endless)
        notes = [Note.of(note) for one in response.notes for note in (one, *one.subnotes)]
        return answer, self.accepted.unaccepted(self.mode, answer.status_code, question.name, notes)


def read(request, question):
    linter = HttpRequestLinter()
    linter.process_request_topline(question.method.encode(), str(request.url).encode(), b"1.1")
    linter.process_headers(request.headers.raw)
    linter.feed_content(question.content)
    linter.finish_content(True)
    return linter
