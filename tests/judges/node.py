"""A Node program that is controlled by lines of JSON: each request gets one response."""

import json
import os
import subprocess

import installed


class Led:
    def __init__(self, program, options, **environment):
        self.program = program
        self.command = [installed.node(), installed.HERE / program, installed.MODULES, json.dumps(options)]
        self.environment = {**os.environ, **environment, "NODE_NO_WARNINGS": "1"}

    def __enter__(self):
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        self.process = subprocess.Popen(self.command, env=self.environment, text=True, **pipes)
        return self

    def __exit__(self, *_):
        # The program ends at the end of its input.
        self.process.stdin.close()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()

    def call(self, **request):
        print(json.dumps(request), file=self.process.stdin, flush=True)
        line = self.process.stdout.readline()
        response = json.loads(line) if line else {"error": "the program has ended"}
        if "error" in response:
            raise RuntimeError(f"{self.program}: {request}: {response['error']}")
        return response
