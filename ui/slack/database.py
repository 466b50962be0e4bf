"""The file `slack.sqlite` in the library's folder: what copies of the bot that share the folder share.

It holds no truth about documents: deleted, the bot forgets which questions are waiting, the limits of channels and
old answers, and goes on. `journal.py` and `kept.py` say what is in it.
"""

from pathlib import Path

from ..database import Database

FILE = "slack.sqlite"
_SCHEMA = """
CREATE TABLE jobs (
    key TEXT PRIMARY KEY, kind TEXT NOT NULL, thread TEXT NOT NULL, at REAL NOT NULL, payload TEXT NOT NULL,
    state TEXT NOT NULL, owner TEXT NOT NULL DEFAULT '', due REAL NOT NULL, attempts INTEGER NOT NULL DEFAULT 0,
    reply TEXT NOT NULL DEFAULT '', seen REAL NOT NULL);
CREATE INDEX jobs_by_state ON jobs (state, at);
CREATE INDEX jobs_by_thread ON jobs (thread, state);
CREATE TABLE threads (thread TEXT PRIMARY KEY, joined INTEGER NOT NULL, seen REAL NOT NULL);
CREATE TABLE answers (key TEXT PRIMARY KEY, answer TEXT NOT NULL, seen REAL NOT NULL);
CREATE TABLE limits (channel TEXT PRIMARY KEY, documents TEXT NOT NULL);
CREATE TABLE requests (signature TEXT PRIMARY KEY, seen REAL NOT NULL);
"""


def open_database(folder: Path) -> Database:
    """Open the file in a library's folder."""
    return Database(folder / FILE, _SCHEMA)
