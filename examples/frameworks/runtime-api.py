"""The part of Lambda's runtime API that a function calls. POST /invoke runs the function with an event."""

import http.server, itertools, queue

events, responses, ids = queue.Queue(), {}, itertools.count(1)


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def respond(self, status, content, *fields):
        self.send_response(status)
        for name, value in (("Content-Length", str(len(content))), *fields):
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def do_GET(self):  # /2018-06-01/runtime/invocation/next
        name, event = events.get()
        self.respond(
            200,
            event,
            ("Content-Type", "application/json"),
            ("Lambda-Runtime-Aws-Request-Id", name),
            ("Lambda-Runtime-Deadline-Ms", "4102444800000"),
            ("Lambda-Runtime-Invoked-Function-Arn", "arn:aws:lambda:eu-central-1:123456789012:function:teas"),
        )

    def do_POST(self):
        content = self.rfile.read(int(self.headers["Content-Length"]))
        if self.path == "/invoke":
            name = f"invocation-{next(ids)}"
            responses[name] = queue.Queue()
            events.put((name, content))
            self.respond(200, responses[name].get(timeout=15))
        else:  # .../invocation/NAME/response, or .../error
            self.respond(202, b"")
            responses[self.path.split("/")[-2]].put(content)

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
print("listening on http://%s:%d" % server.server_address, flush=True)
server.serve_forever()
