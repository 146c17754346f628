"""What a program of the benches costs in instructions, as callgrind counts them."""

import json
import pathlib
import re
import subprocess
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
PROGRAM = ROOT / "benches" / "instructions" / "Cargo.toml"
# Nothing here takes as long as this, unless it hangs.
LIMIT = 900
# The functions around the calls that are counted, in `benches/support/counted.rs`.
COUNTED, WRITTEN = "*run_counted*", "*run_written*"


def key(case):
    return case["group"], case["name"]


def program():
    """That of `benches/instructions`."""
    return built("cargo", "build", "--release", "--manifest-path", str(PROGRAM))["instructions"]


def instructions(command):
    """Of one call of each case of a program. Callgrind writes a file after each."""
    cases, found = asked(command), []
    with tempfile.TemporaryDirectory() as directory:
        out = pathlib.Path(directory) / "callgrind"
        counting = ["--collect-atstart=no", f"--toggle-collect={COUNTED}", f"--dump-after={WRITTEN}"]
        run(["valgrind", "--tool=callgrind", f"--callgrind-out-file={out}", *counting, *command, "all"])
        for number, case in enumerate(cases, start=1):
            total = re.search(r"^(?:summary|totals): (\d+)", out.with_name(f"callgrind.{number}").read_text(), re.M)
            found.append((case, round(int(total.group(1)) / case["times"])))
    return found


def built(*command):
    """The programs that a command of cargo's builds, by their names."""
    print("==> " + " ".join(str(part).removeprefix(f"{ROOT}/") for part in command), flush=True)
    artifacts = (json.loads(line) for line in building(command).splitlines() if line.startswith("{"))
    return {
        artifact["target"]["name"]: artifact["executable"]
        for artifact in artifacts
        if artifact.get("reason") == "compiler-artifact" and artifact.get("executable")
    }


def building(command):
    """What cargo tells, which tells people of its errors by itself."""
    done = subprocess.run([*command, "--message-format=json-render-diagnostics"], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    if done.returncode:
        raise SystemExit(done.returncode)
    return done.stdout


def asked(command):
    return json.loads(run(command))


def run(command):
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=LIMIT)
    if done.returncode:
        raise SystemExit(f"{' '.join(map(str, command))} failed\n{done.stderr[-4000:]}")
    return done.stdout
