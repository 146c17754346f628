"""What was measured, as `benches/results.json` keeps it."""

import json
import pathlib

PATH = pathlib.Path(__file__).resolve().parent.parent / "results.json"


def read():
    return json.loads(PATH.read_text())


def write(results):
    """Each case in a line of its own."""
    head = json.dumps({name: value for name, value in results.items() if name != "cases"}, indent=2)
    cases = ",\n".join(f"    {json.dumps(case)}" for case in results["cases"])
    PATH.write_text(f'{head[:-2]},\n  "cases": [\n{cases}\n  ]\n}}\n')
