"""The measurements in `benches/results.json`."""

import json
import pathlib

PATH = pathlib.Path(__file__).resolve().parent.parent / "results.json"


def read():
    return json.loads(PATH.read_text())


def replace(**parts):
    """Replaces these parts, each a list with one line for each of its items, or an object."""
    results = {**read(), **parts}
    written = (f"  {json.dumps(name)}: {lines(part)}" for name, part in sorted(results.items()))
    PATH.write_text("{\n" + ",\n".join(written) + "\n}\n")
    return results


def lines(part):
    if isinstance(part, list):
        return "[\n" + ",\n".join(f"    {json.dumps(item, ensure_ascii=False)}" for item in part) + "\n  ]"
    return json.dumps(part, ensure_ascii=False, indent=2).replace("\n", "\n  ")
