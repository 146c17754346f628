"""The results, compared with the expected ones, and as the table in the documentation."""

import json
import pathlib

HERE = pathlib.Path(__file__).parent
EXPECTED = HERE / "expected.json"
DOCS = HERE.parent.parent / "src/docs/edges.md"

BEGIN = "<!-- tests/edges/run --write begins here -->\n"
END = "<!-- and ends here -->\n"


def expected():
    """The expected results by behavior and cache."""
    return json.loads(EXPECTED.read_text()) if EXPECTED.exists() else {}


def turned(seen):
    """Returns the results by behavior and cache. `seen` is by cache and behavior."""
    behaviours = list(dict.fromkeys(behaviour for words in seen.values() for behaviour in words))
    return {
        behaviour: {cache: words[behaviour] for cache, words in seen.items() if behaviour in words}
        for behaviour in behaviours
    }


def deviations(wanted, seen):
    """The deviations: cache, behavior, expected result and actual result."""
    for behaviour in dict.fromkeys([*wanted, *seen]):
        of_wanted, of_seen = wanted.get(behaviour, {}), seen.get(behaviour, {})
        for cache in dict.fromkeys([*of_wanted, *of_seen]):
            pair = of_wanted.get(cache), of_seen.get(cache)
            if pair[0] != pair[1]:
                yield cache, behaviour, *pair


def markdown(columns, seen):
    """Returns the table. `columns` contains the titles by cache."""
    rows = [["", *columns.values()]]
    rows += [[behaviour, *(words.get(cache, "") for cache in columns)] for behaviour, words in seen.items()]
    widths = [max(map(len, column)) for column in zip(*rows)]
    lines = ["| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths)) + " |" for row in rows]
    lines.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return "\n".join(lines) + "\n"


def is_in_docs(columns, seen):
    return parts()[1] == f"\n{markdown(columns, seen)}\n"


def write(columns, seen):
    EXPECTED.write_text(json.dumps(seen, indent=2, ensure_ascii=False) + "\n")
    before, _, after = parts()
    DOCS.write_text(f"{before}\n{markdown(columns, seen)}\n{after}")


def parts():
    """Splits the page into the text before the table, the table, and the text after it."""
    text = DOCS.read_text()
    before, begin, rest = text.partition(BEGIN)
    table, end, after = rest.partition(END)
    if not begin or not end:
        raise SystemExit(f"edges: {DOCS} does not have both lines {BEGIN.strip()} and {END.strip()}")
    return before + begin, table, end + after
