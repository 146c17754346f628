"""Programs that run in the foreground, each in its own process group, until they are stopped."""

import os
import random
import signal
import socket
import subprocess
import threading
import time


class Processes:
    """All started programs, so that they can be stopped at the end."""

    def __init__(self):
        self.lock = threading.Lock()
        self.running = []
        self.ended = False
        self.ports = set()

    def start(self, command, printed, **options):
        """Starts `command` with both outputs in the file `printed`."""
        with self.lock:
            if self.ended:
                raise RuntimeError("too late to start a program")
            with open(printed, "ab") as file:
                process = subprocess.Popen(
                    command, stdin=subprocess.DEVNULL, stdout=file, stderr=file, start_new_session=True, **options
                )
            self.running.append(process)
            return process

    def end(self, process, kindly=True):
        with self.lock:
            if process not in self.running:
                return
            self.running.remove(process)
        end_groups([process], kindly)

    def end_all(self):
        with self.lock:
            self.ended = True
            running, self.running = self.running, []
        end_groups(running, kindly=True)

    def free_port(self):
        """Returns a free port below those that the system uses for outgoing connections."""
        with self.lock:
            while True:
                port = random.randrange(20000, 32000)
                with socket.socket() as probe:
                    try:
                        probe.bind(("127.0.0.1", port))
                    except OSError:
                        continue
                if port not in self.ports:
                    self.ports.add(port)
                    return port


def end_groups(processes, kindly):
    """Sends SIGTERM if there is time for it, and then SIGKILL, to each group."""
    if kindly:
        for process in processes:
            signal_group(process, signal.SIGTERM)
        deadline = time.monotonic() + 3
        for process in processes:
            try:
                process.wait(max(0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                pass
    for process in processes:
        signal_group(process, signal.SIGKILL)
        process.wait()


def signal_group(process, number):
    try:
        os.killpg(process.pid, number)
    except ProcessLookupError:
        pass
