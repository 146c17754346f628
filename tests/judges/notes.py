"""The notes of the linters, held against `accepted.toml`."""

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
        """One of httplint's."""
        return cls(note.level.name, type(note).__name__, note.summary)

    def __str__(self):
        return f"{self.level} {self.name}: {self.text}"


class Accepted:
    """The notes that one judge may leave."""

    def __init__(self, judge):
        entries = tomllib.loads(FILE.read_text())["accepted"]
        for entry in entries:
            if not entry["reason"].strip():
                raise ValueError(f"{FILE.name}: {entry['note']} has no reason")
        self.judge = judge
        # From note and pattern to how often they came together.
        self.seen = {(entry["note"], pattern): 0 for entry in entries for pattern in entry.get(judge, [])}

    def unaccepted(self, mode, status, name, notes):
        """Of the notes on this answer, those that are serious and not listed."""
        answer = f"{mode} {status} {name}".strip()
        left = []
        for note in notes:
            if note.level not in SERIOUS:
                continue
            matching = [key for key in self.seen if key[0] == note.name and fnmatch.fnmatchcase(answer, key[1])]
            for key in matching:
                self.seen[key] += 1
            if not matching:
                left.append(f"{note} (on {answer})")
        return left

    def close(self, report):
        """Each listed note has to have come: what nobody says any more is not to be listed."""
        for (note, pattern), count in self.seen.items():
            came = "still said" if count else "not said any more; take it from the list"
            report.check(self.judge, "", f"accepted: {note} on {pattern}", came, "still said")
