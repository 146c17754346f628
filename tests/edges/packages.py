"""Installs missing Debian packages without starting their services."""

import contextlib
import os
import pathlib
import subprocess

POLICY = pathlib.Path("/usr/sbin/policy-rc.d")


def install(names):
    missing = [name for name in names if not installed(name)]
    if not missing:
        return
    print(f"apt-get install {' '.join(missing)}", flush=True)
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "RUNLEVEL": "1"}
    with no_services():
        for command in (["update", "-qq"], ["install", "-y", "-qq", "--no-install-recommends", *missing]):
            result = subprocess.run(
                ["apt-get", *command], env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
            )
            if result.returncode:
                raise SystemExit(f"apt-get {command[0]} failed\n{result.stdout[-4000:]}")


def installed(name):
    command = ["dpkg-query", "--show", "--showformat", "${db:Status-Status}", name]
    result = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    return result.stdout == "installed"


@contextlib.contextmanager
def no_services():
    """Adds a `policy-rc.d` that prevents services from starting, unless there already is one."""
    try:
        descriptor = os.open(POLICY, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o755)
    except FileExistsError:
        yield
        return
    try:
        os.write(descriptor, b"#!/bin/sh\nexit 101\n")
        os.close(descriptor)
        yield
    finally:
        POLICY.unlink()
