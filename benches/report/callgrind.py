"""Counts what a call of each case takes, with callgrind: instructions, locked instructions and allocations."""

import json
import pathlib
import re
import subprocess
import tempfile
from collections import Counter

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
# A program that takes longer hangs.
LIMIT = 900
# The functions around the counted calls, in `benches/instructions/counted.rs`.
COUNTED, WRITTEN = "*run_counted*", "*run_written*"
# Instructions that read and write memory while no other processor can. `xchg` with memory is one without the prefix.
LOCKED = re.compile(r"\block\b|\bxchg\b.*\(")
# The functions of the allocator, and those with which it is called.
ALLOCATOR = re.compile(r"_*mi_")
ALLOCATES = {"mi_malloc_aligned", "mi_zalloc_aligned", "mi_realloc_aligned", "mi_malloc", "mi_zalloc", "mi_realloc"}


def build(manifest):
    """Builds a package under benches/ and returns its program."""
    command = ["cargo", "build", "--release", "--manifest-path", str(ROOT / manifest)]
    print("==> " + " ".join(command).replace(f"{ROOT}/", ""), flush=True)
    command.append("--message-format=json-render-diagnostics")
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    if done.returncode:
        raise SystemExit(done.returncode)
    artifacts = (json.loads(line) for line in done.stdout.splitlines() if line.startswith("{"))
    return next(artifact["executable"] for artifact in artifacts if artifact.get("executable"))


def count(program):
    """Returns the cases of the program in its order, with the counts of one call."""
    cases, code = json.loads(run([program])), Code(program)
    with tempfile.TemporaryDirectory() as directory:
        out = pathlib.Path(directory) / "callgrind"
        counting = ["--dump-instr=yes", "--collect-atstart=no", f"--toggle-collect={COUNTED}", f"--dump-after={WRITTEN}"]
        run(["valgrind", "--tool=callgrind", f"--callgrind-out-file={out}", *counting, program, "count"])
        for number, case in enumerate(cases, start=1):
            total, executed = read(out.with_name(f"callgrind.{number}"), program)
            times = case.pop("times")
            locks = Counter()
            for address, function in code.locked.items():
                locks[function] += executed[address]
            case["instructions"] = round(total / times)
            case["locked"] = per_call(sum(times for name, times in locks.items() if not ALLOCATOR.match(name)), times)
            case["locked_in_allocator"] = per_call(sum(locks.values()), times) - case["locked"]
            case["allocations"] = per_call(sum(executed[address] for address in code.allocates), times)
            case["locking"] = {name: per_call(count, times) for name, count in locks.items() if count}
    return cases


class Code:
    """The addresses of the locked instructions of a program, and of the first instruction of its allocator."""

    def __init__(self, program):
        self.locked, self.allocates, function = {}, [], ""
        for line in run(["objdump", "-d", "-C", "--no-show-raw-insn", program]).splitlines():
            if named := re.match(r"([0-9a-f]+) <(.*)>:$", line):
                function = named[2]
                if function in ALLOCATES:
                    self.allocates.append(int(named[1], 16))
            elif (address := re.match(r"\s*([0-9a-f]+):\t", line)) and LOCKED.search(line, address.end()):
                self.locked[int(address[1], 16)] = function
        if not self.locked or not self.allocates:
            raise SystemExit(f"callgrind: {program} has no locked instruction, or no known allocator")


def read(path, program):
    """Returns the number of instructions in a profile, and how often each address of the program was executed."""
    total, executed = None, Counter()
    address, is_ours, is_call = 0, False, False
    # Names are numbered where they first appear.
    ours = None
    for line in path.read_text().splitlines():
        if line.startswith(("summary:", "totals:")):
            total = int(line.split()[1])
        elif line.startswith("ob="):
            number, _, name = line[3:].partition(" ")
            if name:
                ours = number if name == program else ours
            is_ours = number == ours
        elif line.startswith("cob="):
            number, _, name = line[4:].partition(" ")
            if name == program:
                ours = number
        elif line.startswith("calls="):
            is_call = True
        elif line[:1] in "0+-*" and line:
            place, _, *counts = line.split()
            address = moved(address, place)
            # The line after `calls=` is the cost of the called function.
            if is_ours and not is_call:
                executed[address] += int(counts[0])
            is_call = False
    if total is None:
        raise SystemExit(f"callgrind: {path} is no profile")
    return total, executed


def moved(address, place):
    """Addresses are absolute, or relative to the last one."""
    if place == "*":
        return address
    return address + int(place, 0) if place[0] in "+-" else int(place, 16)


def per_call(count, times):
    return round(count / times, 2)


def run(command):
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=LIMIT)
    if done.returncode:
        raise SystemExit(f"{' '.join(map(str, command))} failed\n{done.stderr[-4000:]}")
    return done.stdout
