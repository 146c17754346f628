"""REDbot, from its command line: requests each URL, and sends further requests if the response can be revalidated,
encoded or requested in ranges. It supports only HTTP/1.1, and trusts every certificate."""

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
            # Six at the same time, because REDbot mostly waits.
            for name, result in zip(names.values(), pool.map(lambda path: run_redbot(site.base(way) + path), names)):
                status, notes = result
                left = accepted.unaccepted("", status, name, notes)
                said = ", ".join(sorted({note.name for note in notes} & TRIED))
                asked = f"GET {name}: {status}{f', {said}' if said else ''}"
                stage.report.check(JUDGE, str(way), asked, "; ".join(map(str, left)) or "no note", "no note")
    accepted.close(stage.report)


# The notes about further requests, for the row.
TRIED = {"CONNEG_GZIP_GOOD", "INM_304", "IMS_304", "RANGE_CORRECT"}


def run_redbot(url):
    """The status, and the notes on the response and on further requests."""
    command = [installed.VENV / "bin" / "redbot", "--output-format", "har", url]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=PATIENCE)
    if done.returncode or not done.stdout.strip():
        raise RuntimeError(f"redbot ends with {done.returncode} on {url}: {done.stderr}{done.stdout}")
    entry, = json.loads(done.stdout)["log"]["entries"]
    messages = [one for message in entry["_red_messages"] for one in (message, *message.get("subnotes", []))]
    return entry["response"]["status"], [Note(one["level"], one["note_id"], one["summary"]) for one in messages]
