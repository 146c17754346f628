"""Headless Chromium, controlled over a pipe: the resources that it loads, and their sources."""

import collections
import dataclasses
import json
import os
import select
import time

PATIENCE = 20  # seconds

OPTIONS = [
    "--headless=new",
    "--remote-debugging-pipe",
    # The sandbox does not work for root.
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-breakpad",
    "--disable-component-update",
    "--disable-crash-reporter",
    "--disable-sync",
    "--no-default-browser-check",
    "--no-first-run",
    "--no-proxy-server",
]

NETWORK, REVALIDATED, CACHE = "network", "network (304)", "cache"


@dataclasses.dataclass
class Load:
    """One request of a page, as the browser reports it."""

    url: str
    source: str = NETWORK
    failure: str | None = None


class Chromium:
    """One browser with one cache, which begins empty."""

    def __init__(self, processes, directory):
        theirs_in, self.out = os.pipe()
        self.into, theirs_out = os.pipe()
        # Chromium reads from descriptor 3 and writes to descriptor 4.
        redirected = f'exec "$@" 3<&{theirs_in} 4>&{theirs_out}'
        command = ["bash", "-c", redirected, "bash", "chromium", *OPTIONS, f"--user-data-dir={directory / 'profile'}"]
        # The directory for its files.
        environment = {**os.environ, "HOME": str(directory), "TMPDIR": str(directory)}
        pipes = (theirs_in, theirs_out)
        processes.start(command, directory / "chromium.log", env=environment, pass_fds=pipes)
        os.close(theirs_in)
        os.close(theirs_out)
        self.received = b""
        self.calls = 0
        self.replies = {}
        self.events = collections.defaultdict(list)

    def call(self, method, session=None, **parameters):
        self.calls += 1
        number = self.calls
        message = {"id": number, "method": method, "params": parameters}
        os.write(self.out, json.dumps(message | ({"sessionId": session} if session else {})).encode() + b"\0")
        self.wait(lambda: number in self.replies, method)
        reply = self.replies.pop(number)
        if "error" in reply:
            raise RuntimeError(f"{method}: {reply['error']['message']}")
        return reply["result"]

    def wait(self, until, what):
        deadline = time.monotonic() + PATIENCE
        while not until():
            if not select.select([self.into], [], [], max(0, deadline - time.monotonic()))[0]:
                raise RuntimeError(f"Chromium has not done this after {PATIENCE} seconds: {what}")
            if not (data := os.read(self.into, 1 << 16)):
                raise RuntimeError(f"Chromium ended, and was to do this: {what}")
            *messages, self.received = (self.received + data).split(b"\0")
            for message in map(json.loads, messages):
                if "id" in message:
                    self.replies[message["id"]] = message
                else:
                    self.events[message.get("sessionId")].append((message["method"], message["params"]))


class Tab:
    """A separate tab, so that only the browser's cache remains from the previous one."""

    def __init__(self, browser):
        self.browser = browser
        self.target = browser.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = browser.call("Target.attachToTarget", targetId=self.target, flatten=True)["sessionId"]
        for domain in ("Network", "Page", "Runtime", "Log"):
            self.call(f"{domain}.enable")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.browser.call("Target.closeTarget", targetId=self.target)

    def call(self, method, **parameters):
        return self.browser.call(method, self.session, **parameters)

    def open(self, url):
        self.call("Page.navigate", url=url)
        self.browser.wait(lambda: list(self._events("Page.loadEventFired")), f"load {url}")

    def value_of(self, expression):
        """The value of a JavaScript expression. If it is a promise, its result."""
        result = self.call("Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True)
        if "exceptionDetails" in result:
            raise RuntimeError(f"{expression}: {result['exceptionDetails']}")
        return result["result"].get("value")

    def loads(self):
        loads = {}
        for event, facts in self.browser.events[self.session]:
            number = facts.get("requestId")
            match event:
                case "Network.requestWillBeSent":
                    loads[number] = Load(facts["request"]["url"])
                # From the memory of the page.
                case "Network.requestServedFromCache":
                    loads[number].source = CACHE
                case "Network.responseReceived" if facts["response"].get("fromDiskCache"):
                    if loads[number].source == NETWORK:
                        loads[number].source = CACHE
                case "Network.loadingFailed":
                    loads[number].failure = facts["errorText"]
        for facts in self._events("Network.responseReceivedExtraInfo"):
            # The page sees the 200 of the cache.
            if facts["statusCode"] == 304 and facts["requestId"] in loads:
                loads[facts["requestId"]].source = REVALIDATED
        return list(loads.values())

    def complaints(self):
        """The browser's messages about the page: warnings, errors, exceptions."""
        entries = [facts["entry"] for facts in self._events("Log.entryAdded")]
        said = [entry["text"] for entry in entries if entry["level"] in ("warning", "error")]
        said += [str(facts["args"]) for facts in self._events("Runtime.consoleAPICalled")]
        return said + [str(facts["exceptionDetails"]) for facts in self._events("Runtime.exceptionThrown")]

    def _events(self, name):
        return (facts for event, facts in self.browser.events[self.session] if event == name)
