"""Counts the user-space instructions of a live axum server for each request, with callgrind."""

import http.client
import pathlib
import re
import signal
import socket
import subprocess
import tempfile
import time

# The difference of the two counts is that of the requests between them, without those of the start.
FEW, MANY = 300, 1_300
BROWSER = {
    "Connection": "keep-alive",
    "sec-ch-ua": '"Chromium";v="140", "Not=A?Brand";v="24"',
    "sec-ch-ua-mobile": "?0",
    "sec-ch-ua-platform": '"Linux"',
    "Upgrade-Insecure-Requests": "1",
    "User-Agent": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36",
    "Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8",
    "Sec-Fetch-Site": "same-origin",
    "Sec-Fetch-Mode": "navigate",
    "Sec-Fetch-User": "?1",
    "Sec-Fetch-Dest": "document",
    "Referer": "https://www.example.com/articles",
    "Accept-Encoding": "gzip, deflate, br, zstd",
    "Accept-Language": "en-US,en;q=0.9",
}


def instructions(server, fields, is_held):
    """Returns the instructions of one request to the server that this command starts."""
    few, many = (count(server, fields, is_held, requests) for requests in (FEW, MANY))
    return round((many - few) / (MANY - FEW))


def count(server, fields, is_held, requests):
    with tempfile.TemporaryDirectory(prefix="served-") as directory:
        out = pathlib.Path(directory) / "callgrind"
        command = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={out}", *server]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
            try:
                port, path = process.stdout.readline().split()
                send(int(port), path, fields, is_held, requests)
            finally:
                # callgrind writes its counts when the program ends.
                process.send_signal(signal.SIGTERM)
        return int(re.search(r"^(?:summary|totals): (\d+)", out.read_text(), re.MULTILINE)[1])


def send(port, path, fields, is_held, requests):
    """Sends all requests on one connection, each after the response to the last one."""
    if is_held:
        fields = {**fields, "If-None-Match": etag(port, path)}
    lines = [f"GET {path} HTTP/1.1", "Host: www.example.com", *(f"{name}: {value}" for name, value in fields.items())]
    request = ("\r\n".join(lines) + "\r\n\r\n").encode()
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        length = len(first_response(connection, request, 304 if is_held else 200))
        for _ in range(requests - 1):
            connection.sendall(request)
            left = length
            while left:
                left -= len(connection.recv(left)) or fail("the server closed the connection")


def etag(port, path):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request("GET", path)
    return connection.getresponse().headers["ETag"]


def first_response(connection, request, status):
    connection.sendall(request)
    time.sleep(0.5)
    response = connection.recv(1 << 16)
    if not response.startswith(f"HTTP/1.1 {status} ".encode()):
        fail(f"expected {status}: {response[:200]}")
    return response


def fail(text):
    raise SystemExit(f"served: {text}")
