"""Compares the notes of the linters with `accepted.toml`."""

import dataclasses
import fnmatch
import pathlib
import tomllib

FILE = pathlib.Path(__file__).resolve().parent / "accepted.toml"
SERIOUS = ("BAD", "WARN")


@dataclasses.dataclass(frozen=True)
class Note:
    level: str
    name: str
    text: str

    @classmethod
    def of(cls, note):
        """A note of httplint."""
        return cls(note.level.name, type(note).__name__, note.summary)

    def __str__(self):
        return f"{self.level} {self.name}: {self.text}"


class Accepted:
    """The accepted notes of one judge."""

    def __init__(self, judge):
        entries = tomllib.loads(FILE.read_text())["accepted"]
        for entry in entries:
            if not entry["reason"].strip():
                raise ValueError(f"{FILE.name}: {entry['note']} has no reason")
        self.judge = judge
        # The number of occurrences by note and pattern.
        self.seen = {(entry["note"], pattern): 0 for entry in entries for pattern in entry.get(judge, [])}

    def unaccepted(self, mode, status, name, notes):
        """Returns the serious notes on this response that are not accepted."""
        response = f"{mode} {status} {name}".strip()
        left = []
        for note in notes:
            if note.level not in SERIOUS:
                continue
            matching = [key for key in self.seen if key[0] == note.name and fnmatch.fnmatchcase(response, key[1])]
            for key in matching:
                self.seen[key] += 1
            if not matching:
                left.append(f"{note} (on {response})")
        return left

    def close(self, report):
        """Checks that each accepted note occurred. A note that no longer occurs must be removed from the list."""
        for (note, pattern), count in self.seen.items():
            came = "occurs" if count else "does not occur any more; remove it from the list"
            report.check(self.judge, "", f"accepted: {note} on {pattern}", came, "occurs")
