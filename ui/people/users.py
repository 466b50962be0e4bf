"""The people who may use citewise: the file `users.sqlite` in the library's folder, which nobody else may read.

Of passwords it holds argon2 hashes, of sessions and tokens sha256: read by a thief, it opens nothing. Every request
asks the file anew, so that what one process revokes is revoked in all. A person's id is never given twice: who is added
again under an old name inherits nothing.
"""

import hashlib
import re
import secrets
import threading
import time
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from index.errors import CitewiseError

from ..database import Database

FILE = "users.sqlite"
SHORTEST, LONGEST = 8, 1_000
"""Characters of a password."""
TOKEN = "cw_"
"""What the tokens of programs begin with."""
_AT_ONCE = 2  # hashes are made to cost memory; not all of it
_NAME = re.compile(r"[a-z0-9][a-z0-9._@-]{0,63}")
_SCHEMA = """
CREATE TABLE users (id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, password TEXT NOT NULL, token TEXT UNIQUE,
    added REAL NOT NULL);
CREATE TABLE sessions (secret TEXT PRIMARY KEY, user TEXT NOT NULL REFERENCES users ON DELETE CASCADE,
    until REAL NOT NULL)
"""


class UserError(CitewiseError):
    """Say what is wrong with a name or a password."""


@dataclass(frozen=True, slots=True)
class User:
    """A person: `id` owns what they upload, `name` is what they sign in with."""

    id: str
    name: str


class Users:
    """An open `users.sqlite`, safe to share by threads and by processes."""

    def __init__(self, folder: Path) -> None:
        self._database = Database(folder / FILE, _SCHEMA)
        self._hashing = threading.Semaphore(_AT_ONCE)

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    # people

    def any(self) -> bool:
        """Tell whether there is anybody."""
        return bool(self._database.rows("SELECT 1 FROM users LIMIT 1"))

    def all(self) -> list[User]:
        """Return everybody, by name."""
        return [User(*row) for row in self._database.rows("SELECT id, name FROM users ORDER BY name")]

    def named(self, name: str) -> User:
        """Return the person of this name; raise UserError where there is none."""
        found = self._database.rows("SELECT id, name FROM users WHERE name = ?", name.strip().lower())
        if not found:
            raise UserError(f"there is no user {name!r}: citewise users list shows who there is")
        return User(*found[0])

    def add(self, name: str, password: str) -> User:
        """Add a person."""
        name = name.strip().lower()
        if not _NAME.fullmatch(name):
            raise UserError(f"{name!r} can't be a user's name: use up to 64 letters a-z, digits, and . _ - @")
        hashed = self._hashed(password)
        user = User(secrets.token_hex(8), name)
        sql = "INSERT OR IGNORE INTO users (id, name, password, added) VALUES (?, ?, ?, ?)"
        if not self._database.change(sql, user.id, name, hashed, time.time()):
            raise UserError(f"there is a user {name} already: citewise users passwd {name} changes the password")
        return user

    def remove(self, user: User) -> None:
        """Remove a person with their sessions and their token."""
        self._database.change("DELETE FROM users WHERE id = ?", user.id)

    def set_password(self, user: User, password: str) -> None:
        """Change a password; every session of the person ends."""
        hashed = self._hashed(password)
        with self._database.changing() as connection:
            connection.execute("UPDATE users SET password = ? WHERE id = ?", (hashed, user.id))
            connection.execute("DELETE FROM sessions WHERE user = ?", (user.id,))

    def new_token(self, user: User) -> str:
        """Return a new token for the person's programs, which takes the place of the one before."""
        token = TOKEN + secrets.token_urlsafe(32)
        self._database.change("UPDATE users SET token = ? WHERE id = ?", _digest(token), user.id)
        return token

    # who it is

    def with_password(self, name: str, password: str) -> User | None:
        """Return who signs in; it takes the same time whether the name is known or not."""
        from argon2.exceptions import Argon2Error, InvalidHashError

        found = self._database.rows("SELECT id, name, password FROM users WHERE name = ?", name.strip().lower())
        hashed = found[0][2] if found else self._nobodys
        try:
            with self._hashing:
                self._hasher.verify(hashed, password[:LONGEST])
        except (Argon2Error, InvalidHashError):
            return None
        return User(*found[0][:2]) if found else None

    def with_token(self, token: str) -> User | None:
        """Return whose token it is."""
        found = self._database.rows("SELECT id, name FROM users WHERE token = ?", _digest(token))
        return User(*found[0]) if found else None

    def with_session(self, secret: str) -> User | None:
        """Return whose session it is, if it has not ended."""
        sql = "SELECT id, name FROM sessions JOIN users ON user = id WHERE secret = ? AND until > ?"
        found = self._database.rows(sql, _digest(secret), time.time())
        return User(*found[0]) if found else None

    def begin_session(self, user: User, seconds: float) -> str:
        """Return the secret of a new session."""
        secret, now = secrets.token_urlsafe(32), time.time()
        with self._database.changing() as connection:
            connection.execute("DELETE FROM sessions WHERE until <= ?", (now,))
            connection.execute("INSERT INTO sessions VALUES (?, ?, ?)", (_digest(secret), user.id, now + seconds))
        return secret

    def end_session(self, secret: str) -> None:
        """End a session."""
        self._database.change("DELETE FROM sessions WHERE secret = ?", _digest(secret))

    # the file

    @cached_property
    def _hasher(self) -> Any:
        from argon2 import PasswordHasher

        return PasswordHasher()

    @cached_property
    def _nobodys(self) -> str:
        return self._hasher.hash(secrets.token_hex(16))

    def _hashed(self, password: str) -> str:
        if not SHORTEST <= len(password) <= LONGEST:
            raise UserError(f"a password has from {SHORTEST} to {LONGEST:,} characters; choose another one")
        with self._hashing:
            return self._hasher.hash(password)


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogateescape")).hexdigest()
