"""The tables of `docs/performance.md`, from `benches/results.json`."""

import re
import statistics

BODIES = ["1 KiB", "16 KiB", "1 MiB", "64 frames", "stream"]


def render(results, path):
    """Writes each table between its markers, which must be there."""
    text = path.read_text()
    cases = {(case["group"], case["name"]): Case(case) for case in results["cases"]}
    for case in cases.values():
        case.base = cases[case.group, case.base] if case.base else None
    for name, table in TABLES.items():
        lines = "\n".join(table(results, list(cases.values())))
        marked = re.compile(f"(<!-- table: {name} -->\n).*?(<!-- end -->)", re.S)
        text, found = marked.subn(lambda match: f"{match[1]}\n{lines}\n\n{match[2]}", text)
        if found != 1:
            raise SystemExit(f"tables: {path} has {found} places for the table {name}, not one")
    path.write_text(text)


class Case:
    def __init__(self, case):
        self.group, self.name, self.base = case["group"], case["name"], case["base"]
        self.stack, _, self.body = self.name.partition(" @ ")
        self.ns = case.get("ns", [])
        self.instructions = case.get("instructions")
        self.allocations, self.bytes = case.get("allocations"), case.get("bytes")

    def ratio(self):
        """The time of this over that of its base, with the least and the most of all rounds."""
        rounds = [mine / theirs for mine, theirs in zip(self.ns, self.base.ns)]
        middle = two_digits(statistics.median(rounds))
        least, most = two_digits(min(rounds)), two_digits(max(rounds))
        return middle if least == most else f"{middle} ({least} to {most})"

    def added_instructions(self):
        return number(self.instructions - self.base.instructions)

    def added_allocations(self):
        count, size = self.allocations - self.base.allocations, self.bytes - self.base.bytes
        return "0" if not count and not size else f"{count:+g} / {size:+,.0f} B"


def layers_time(_, cases):
    return [*by_body(cases, "layers", Case.ratio), bare_line("bare", cases, "layers", BODIES)]


def layers_instructions(_, cases):
    return by_body(cases, "layers", Case.added_instructions)


def layers_allocations(_, cases):
    return by_body(cases, "layers", Case.added_allocations)


def by_body(cases, group, cell):
    bodies = [body for body in BODIES if any(case.group == group and case.body == body for case in cases)]
    stacks = {case.stack: {} for case in cases if case.group == group and case.base}
    for case in cases:
        if case.group == group and case.base:
            stacks[case.stack][case.body] = cell(case)
    rows = ([stack, *(cells.get(body, "") for body in bodies)] for stack, cells in stacks.items())
    return table(["", *bodies], rows)


def bare_line(name, cases, group, bodies, columns=0):
    """What all is a ratio to: the nanoseconds of the first bare service."""
    first = {}
    for case in cases:
        if case.group == group and not case.base:
            first.setdefault(case.body, case)
    cells = [nanoseconds(first[body]) for body in bodies]
    return f"| {' | '.join([f'*{name}, ns*', *cells, *[''] * columns])} |"


def functions(_, cases):
    rows = []
    mine = [case for case in cases if case.group == "functions" and not case.base]
    for ours in mine:
        question = ours.name.removesuffix(": ours")
        others = [case for case in cases if case.base is ours]
        rows.append([question, "this crate", "1", number(ours.instructions), allocated(ours), nanoseconds(ours)])
        for other in others:
            who = other.name.removeprefix(f"{question}: ")
            rows.append(["", f"`{who}`", other.ratio(), number(other.instructions), allocated(other), ""])
    return table(["", "by", "time", "instructions", "allocations / bytes", "ns"], rows)


def peers(_, cases):
    return compared(cases, "peers", "bare")


def files(_, cases):
    return compared(cases, "files", "`ServeDir`, 200")


def salvo(_, cases):
    return compared(cases, "salvo", "salvo bare")


def compared(cases, group, bare):
    bodies = ["1 KiB", "16 KiB", "1 MiB"]
    mine = [case for case in cases if case.group == group and case.base]
    rows = []
    for stack in dict.fromkeys(case.stack for case in mine):
        at = {case.body: case for case in mine if case.stack == stack}
        rows.append([
            stack,
            *(at[body].ratio() for body in bodies),
            *(at[body].added_instructions() for body in bodies),
            at[bodies[0]].added_allocations(),
        ])
    head = ["", *(f"time, {body}" for body in bodies), *(f"instructions, {body}" for body in bodies), "allocations, 1 KiB"]
    return [*table(head, rows), bare_line(bare, cases, group, bodies, columns=4)]


def behaviours(results, _):
    who = list(results["behaviours"][0]["did"])
    rows = ([row["question"], *(row["did"][peer] for peer in who)] for row in results["behaviours"])
    return table(["", *who], rows)


def machine(results, _):
    taken = results["taken"]
    rounds = "one round" if taken["rounds"] == 1 else f"{taken['rounds']} rounds"
    versions = ", ".join(f"{name} {' and '.join(numbers)}" for name, numbers in taken["versions"].items())
    rows = [
        ["Date", taken["date"]],
        ["Processor", f"{taken['processor']}, {taken['processors']} of it, {taken['system']}"],
        ["Compiler", f"{taken['rustc']}, profile `bench` and `release`"],
        ["Counted by", taken["valgrind"]],
        ["Timed in", f"{rounds}; load of the machine {taken['load']}"],
        ["Versions", versions],
    ]
    return table(["", ""], rows)


TABLES = {
    "layers": layers_time,
    "layers-instructions": layers_instructions,
    "layers-allocations": layers_allocations,
    "functions": functions,
    "peers": peers,
    "files": files,
    "salvo": salvo,
    "behaviours": behaviours,
    "machine": machine,
}


def table(head, rows):
    yield f"| {' | '.join(head)} |"
    yield f"|{'---|' * len(head)}"
    for row in rows:
        yield f"| {' | '.join(row)} |"


def allocated(case):
    return "0" if not case.allocations else f"{case.allocations:g} / {case.bytes:,.0f} B"


def nanoseconds(case):
    return f"{statistics.median(case.ns):,.0f}"


def number(count):
    return f"{count:,}"


def two_digits(ratio):
    """With as many digits as say something."""
    return f"{ratio:,.0f}" if ratio >= 100 else f"{ratio:.1f}" if ratio >= 10 else f"{ratio:.2f}"
