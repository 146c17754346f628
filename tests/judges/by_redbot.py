"""REDbot, by its command line: asks each URL itself, and asks further where the answer says that it
can be revalidated, coded or had in parts. It speaks HTTP/1.1, and over TLS it trusts everybody."""

import concurrent.futures
import importlib.metadata
import json
import subprocess

import installed
import questions
from notes import Accepted, Note
from stage import H1, H1_TLS

JUDGE = "redbot"
PATIENCE = 60  # seconds


def judge(stage):
    stage.report.heading(JUDGE, importlib.metadata.version(JUDGE))
    accepted = Accepted(JUDGE)
    names = questions.names(stage.versioned())
    for way in (H1, H1_TLS):
        site = stage.site(f"{JUDGE} {way}", "--dashboard")
        with concurrent.futures.ThreadPoolExecutor(6) as pool:
            # Six at once: it waits more than it works.
            for name, heard in zip(names.values(), pool.map(lambda path: hear(site.base(way) + path), names)):
                status, notes = heard
                left = accepted.unaccepted("", status, name, notes)
                said = ", ".join(sorted({note.name for note in notes} & TRIED))
                asked = f"GET {name}: {status}{f', {said}' if said else ''}"
                stage.report.check(JUDGE, str(way), asked, "; ".join(map(str, left)) or "no note", "no note")
    accepted.close(stage.report)


# What it found when it asked further, for the row.
TRIED = {"CONNEG_GZIP_GOOD", "INM_304", "IMS_304", "RANGE_CORRECT"}


def hear(url):
    """The status, and the notes on the answer: what came of its further requests stands among them."""
    command = [installed.VENV / "bin" / "redbot", "--output-format", "har", url]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=PATIENCE)
    if done.returncode or not done.stdout.strip():
        raise RuntimeError(f"redbot ends with {done.returncode} on {url}: {done.stderr}{done.stdout}")
    entry, = json.loads(done.stdout)["log"]["entries"]
    messages = [one for message in entry["_red_messages"] for one in (message, *message.get("subnotes", []))]
    return entry["response"]["status"], [Note(one["level"], one["note_id"], one["summary"]) for one in messages]
