"""The tables of `docs/performance.md`, from `benches/results.json`."""

import pathlib
import re
import statistics

PAGE = pathlib.Path(__file__).resolve().parent.parent.parent / "docs" / "performance.md"
MOST_LINES = 250
# The highest load average of a machine whose two processors were free.
IDLE = 0.5


def render(results):
    """Writes each table between its markers, which must be there."""
    text = PAGE.read_text()
    for name, table in TABLES.items():
        marked = re.compile(f"(<!-- table: {name} -->\n).*?(<!-- end -->)", re.S)
        lines = "\n".join(table(results))
        text, found = marked.subn(lambda match: f"{match[1]}\n{lines}\n\n{match[2]}", text)
        if found != 1:
            raise SystemExit(f"page: {PAGE} has {found} places for the table {name}, not one")
    if (length := text.count("\n")) > MOST_LINES:
        raise SystemExit(f"page: {PAGE} has {length} lines, and {MOST_LINES} are permitted")
    PAGE.write_text(text)


def overview(results):
    served = {one["name"]: one for one in results["served"]}

    def added(name):
        total, base = served[name]["instructions"], served[served[name]["base"]]["instructions"]
        return f"{total - base:,} ({(total - base) / base:.0%})"

    rows = [
        ["`Cache-Control` on every page", f"`SetResponseHeaderLayer`: {added('header')}, on errors and private responses too; "
         f"`tower-cache-control`: {added('cache-control')}", f"`CachePolicyLayer`: {added('policy')}"],
        ["a policy for each of 1,000 routes", "one layer for each route", f"`CachePolicyLayer`: {added('routes')}"],
        ["also the fields of a CDN", "–", f"`EdgeLayer` and `CachePolicyLayer`: {added('edge')}"],
        ["an entity tag for a page of 1 KiB", f"SHA-256 in a `from_fn`: {added('new-by-hand')}", f"`EntityTagLayer`: {added('new-tag')}"],
        ["a 304 for the handler's own entity tag", "in the handler, which then makes no page: 0", f"`ConditionalLayer`, after the handler: {added('304-own')}; before it: {added('304-before')}"],
        ["a 304 for an entity tag of the content", f"SHA-256 in a `from_fn`: {added('304-by-hand')}", f"`CachingLayer`: {added('304-caching')}"],
        ["all of it", "–", f"`CachingLayer`: {added('new-caching')}; with `EdgeLayer`: {added('new-edge-caching')}"],
    ]
    return table(["You want", "Otherwise", "With this crate"], rows)


def served(results):
    by_name = {one["name"]: one for one in results["served"]}

    def cells(one, figure):
        base = by_name.get(one["base"], {})
        if figure not in one:
            return ["", ""]
        return [f"{one[figure]:,}", f"{one[figure] - base[figure]:+,}" if figure in base else ""]

    rows = (
        [one["words"] if one["base"] else f"**{one['words']}**", *cells(one, "instructions"), *cells(one, "browser")]
        for one in results["served"]
    )
    return table(["", "instructions", "added", "a browser's request", "added"], rows)


def layers(results):
    timed = {case["name"]: case for case in results["timed"]}
    # Two threads only disturb each other if both have a processor.
    is_idle = results["taken"]["load"] <= IDLE
    return table(
        ["", "instructions", "allocations", "locked", "time", "two threads"],
        (
            [
                case["name"],
                f"{case['instructions'] - base['instructions']:,}",
                f"{case['allocations'] - base['allocations']:.3g}",
                f"{case['locked'] - base['locked']:.3g}",
                *times(timed, case, is_idle),
            ]
            for case, base in added(results, "layers")
        ),
    )


def times(timed, case, is_idle):
    """Returns the time of one call with the bare service as 1, and the time on two threads with that on one as 1."""
    mine, base = timed.get(case["name"]), timed.get(case["base"])
    if not mine or not base:
        return ["", ""]
    return [
        f"{statistics.median(one / other for one, other in zip(mine['one_thread'], base['one_thread'])):.2f}",
        f"{statistics.median(two / one for one, two in zip(mine['one_thread'], mine['two_threads'])):.2f}" if is_idle else "",
    ]


def shared_cache(results):
    """Returns two tables with a blank line between them."""
    cases = added(results, "shared-cache")
    bare = cases[0][1]
    yield from table(
        ["", "without a cache", *(case["name"] for case, _ in cases)],
        (
            [figure, *(f"{case[figure]:,.0f}" for case in [bare, *(case for case, _ in cases)])]
            for figure in ["instructions", "allocations", "locked"]
        ),
    )
    yield ""
    yield from table([one["name"] for one in results["hits"]], [[f"{one['instructions']:,}" for one in results["hits"]]])


def functions(results):
    cases = [case for case in results["cases"] if case["group"] == "functions"]
    rows = []
    for ours in cases:
        if ours["base"]:
            continue
        theirs = next((case for case in cases if case["base"] == ours["name"]), None)
        rows.append([
            ours["name"].removesuffix(": ours"),
            f"{ours['instructions']:,}",
            f"{ours['allocations']:.3g}",
            f"`{theirs['name'].rpartition(': ')[2]}`: {theirs['instructions']:,}" if theirs else "",
            f"{theirs['allocations']:.3g}" if theirs else "",
        ])
    return table(["", "instructions", "allocations", "the other crate", "allocations"], rows)


def load(results):
    measured = results["load"]["measured"]
    rows = []
    for one in measured:
        name = f"{one['words']}, {one['protocol']}"
        ratios = ["1", "1"] if one["is_base"] else [spread(one["per_second_ratio"]), spread(one["cpu_ratio"])]
        rows.append([f"**{name}**" if one["is_base"] else name, *ratios, f"{one['cpu'][1]:.1f} µs", f"{min(one['busy'], 1):.0%}"])
    return table(["", "requests per second", "CPU per request", "CPU per request", "server busy"], rows)


def compile_cost(results):
    rows = ([one["profile"], f"{one['ours']:.1f} s", f"{one['http']:.1f} s", f"{one['all']:.0f} s"] for one in results["compile"])
    return table(["CPU time", "this crate and twox-hash", "the crate `http`", "the application"], rows)


def machine(results):
    taken, under_load = results["taken"], results["load"]
    versions = ", ".join(f"{name} {version}" for name, version in under_load["versions"].items())
    rows = [
        ["Machine", f"{taken['processor']}, {taken['processors']} processors, {taken['system']}, {taken['date']}"],
        ["Compiler", f"{taken['rustc']}, profile `release`; {taken['valgrind']}"],
        ["Load", f"load average {taken['load']} before the times of the layers; {under_load['rounds']} rounds of {under_load['seconds']} s under load, load average {under_load['load']['before']} before"],
        ["Versions", versions],
    ]
    return table(["", ""], rows)


TABLES = {
    "overview": overview,
    "served": served,
    "layers": layers,
    "shared-cache": shared_cache,
    "functions": functions,
    "load": load,
    "compile": compile_cost,
    "machine": machine,
}


def added(results, group):
    """Returns the cases of a group with the ones that they are compared with."""
    cases = {case["name"]: case for case in results["cases"] if case["group"] == group}
    return [(case, cases[case["base"]]) for case in cases.values() if case["base"]]


def spread(quartiles):
    low, middle, high = quartiles
    return f"{middle:.2f} ({low:.2f} to {high:.2f})"


def table(head, rows):
    yield f"| {' | '.join(head)} |"
    yield f"|{'---|' * len(head)}"
    for row in rows:
        yield f"| {' | '.join(row)} |"
