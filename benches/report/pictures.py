"""The pictures of what the costs grow with, from `benches/results.json`.

Each is an SVG of its own that asks for no font and no script, and is readable on light and on dark.
"""

import math
from xml.sax.saxutils import escape

WIDTH, HEIGHT = 720, 400
LEFT, RIGHT, TOP, BOTTOM = 86, 36, 84, 56
STYLE = """
text{font:13px system-ui,sans-serif;fill:#1f2328}
.title{font-size:16px;font-weight:600}
.paper{fill:#fff}
.grid{stroke:#d0d7de;stroke-width:1}
.curve{fill:none;stroke-width:2}
.a{stroke:#0969da}.b{stroke:#bc4c00}.c{stroke:#1a7f37}.d{stroke:#8250df}
.dot.a{fill:#0969da}.dot.b{fill:#bc4c00}.dot.c{fill:#1a7f37}.dot.d{fill:#8250df}
@media(prefers-color-scheme:dark){
text{fill:#e6edf3}
.paper{fill:#0d1117}
.grid{stroke:#30363d}
.a{stroke:#58a6ff}.b{stroke:#f0883e}.c{stroke:#3fb950}.d{stroke:#bc8cff}
.dot.a{fill:#58a6ff}.dot.b{fill:#f0883e}.dot.c{fill:#3fb950}.dot.d{fill:#bc8cff}
}
"""


class Linear:
    def __init__(self, values):
        self.top = nice(max(values))

    def place(self, value):
        return value / self.top

    def ticks(self):
        return [(self.top * part / 5, short(self.top * part / 5)) for part in range(6)]


class Logarithmic:
    """From a power of `base` to a power of it. What is not above zero stands one step before the least."""

    def __init__(self, values, base=10, name=None):
        self.base, self.name = base, name or short
        least = min(value for value in values if value > 0)
        self.zero = min(values) <= 0
        self.first = math.floor(math.log(least, base) + 1e-9) - self.zero
        self.last = math.ceil(math.log(max(values), base) - 1e-9)

    def place(self, value):
        power = math.log(value, self.base) if value > 0 else self.first
        return (power - self.first) / (self.last - self.first)

    def ticks(self):
        powers = range(self.first + self.zero, self.last + 1)
        marks = [(self.base**power, self.name(self.base**power)) for power in powers]
        return [(0, "0"), *marks] if self.zero else marks


def draw(results, directory):
    for name, (title, x_label, x_scale, y_scale) in PICTURES.items():
        curves = curves_of(results["cases"], name)
        xs = [x for points in curves.values() for x, _ in points]
        ys = [y for points in curves.values() for _, y in points]
        picture = svg(title, x_label, x_scale(xs), y_scale(ys), curves)
        (directory / f"growth-{name}.svg").write_text(picture)


def curves_of(cases, group):
    """For each curve what a call adds to the bare service, in instructions."""
    counts = {case["name"]: case["instructions"] for case in cases if case["group"] == group}
    curves = {}
    for case in cases:
        if case["group"] == group and case["base"]:
            curve, _, x = case["name"].rpartition(" @ ")
            curves.setdefault(curve, []).append((int(x), case["instructions"] - counts[case["base"]]))
    return curves


def svg(title, x_label, x_axis, y_axis, curves):
    right, bottom = WIDTH - RIGHT, HEIGHT - BOTTOM

    def across(x):
        return LEFT + x_axis.place(x) * (right - LEFT)

    def up(y):
        return bottom - y_axis.place(y) * (bottom - TOP)

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(title)}">',
        f"<style>{STYLE}</style>",
        f'<rect class="paper" width="{WIDTH}" height="{HEIGHT}"/>',
        f'<text class="title" x="{LEFT}" y="24">{escape(title)}</text>',
        f'<text x="{(LEFT + right) / 2:.0f}" y="{HEIGHT - 12}" text-anchor="middle">{escape(x_label)}</text>',
        f'<text transform="translate(18 {(TOP + bottom) / 2:.0f}) rotate(-90)" text-anchor="middle">instructions added</text>',
    ]
    for value, name in y_axis.ticks():
        y = f"{up(value):.1f}"
        parts.append(f'<path class="grid" d="M{LEFT} {y}H{right}"/>')
        parts.append(f'<text x="{LEFT - 8}" y="{float(y) + 4:.1f}" text-anchor="end">{name}</text>')
    for value, name in x_axis.ticks():
        x = f"{across(value):.1f}"
        parts.append(f'<path class="grid" d="M{x} {TOP}V{bottom}"/>')
        parts.append(f'<text x="{x}" y="{bottom + 18}" text-anchor="middle">{name}</text>')
    for place, (letter, (name, points)) in enumerate(zip("abcd", curves.items(), strict=False)):
        path = "L".join(f"{across(x):.1f} {up(y):.1f}" for x, y in points)
        parts.append(f'<path class="curve {letter}" d="M{path}"/>')
        parts += (dot(letter, across(x), up(y)) for x, y in points)
        x, y = LEFT + (place % 2) * 300, 44 + (place // 2) * 20
        parts.append(f'<path class="curve {letter}" d="M{x} {y - 4}h26"/>{dot(letter, x + 13, y - 4)}')
        parts.append(f'<text x="{x + 34}" y="{y}">{escape(name)}</text>')
    return "\n".join([*parts, "</svg>"]) + "\n"


def dot(letter, x, y):
    """Of a shape that tells the curves apart without their colours."""
    shape = {
        "a": "m-4 0a4 4 0 1 0 8 0a4 4 0 1 0-8 0z",
        "b": "m-4-4h8v8h-8z",
        "c": "m0-5l5 9h-10z",
        "d": "m0-5l5 5l-5 5l-5-5z",
    }[letter]
    return f'<path class="dot {letter}" d="M{x:.1f} {y:.1f}{shape}"/>'


def nice(value):
    """The next round number."""
    power = 10 ** math.floor(math.log10(value))
    return next(power * step for step in (1, 2, 2.5, 5, 10) if power * step >= value)


def short(value):
    for limit, unit in ((1e9, " G"), (1e6, " M"), (1e3, " k")):
        if value >= limit:
            return f"{value / limit:g}{unit}"
    return f"{value:g}"


def size(value):
    for limit, unit in ((1 << 20, " MiB"), (1 << 10, " KiB")):
        if value >= limit:
            return f"{value / limit:g}{unit}"
    return f"{value:g} B"


PICTURES = {
    "routes": ("A table of routes", "routes in the table", Logarithmic, Linear),
    "tags": ("Lists of tags", "tags in the list", Logarithmic, Logarithmic),
    "lines": ("Header lines of the answer", "header lines", Linear, Linear),
    "bytes": ("Length of the body", "bytes in the body", lambda xs: Logarithmic(xs, 4, size), Logarithmic),
}
