"""A real `citewise serve` that others could reach, with two users, for the tests of people and owners."""

import subprocess
import sys
from collections.abc import Generator
from contextlib import closing, contextmanager
from pathlib import Path

import httpx
from conftest import address_of, environment

from ui.people.users import Users

PASSWORDS = {"ada": "correct horse battery", "bob": "staple of the battery"}


@contextmanager
def people_server(library: Path) -> Generator[str]:
    """Serve a library on every address of this machine; give the one on loopback."""
    with closing(Users(library)) as users:
        for name, password in PASSWORDS.items():
            users.add(name, password)
    command = [sys.executable, "-m", "ui.cli", "serve", "--host", "0.0.0.0", "--port", "0", "--library", str(library)]
    settings = {"CITEWISE_MAX_UPLOAD_MB": "1", "CITEWISE_PUBLIC_URL": "https://ask.example"}
    settings["CITEWISE_REQUESTS_A_MINUTE"] = "100000"
    log = library.parent / "people.log"
    with log.open("w") as stderr:
        process = subprocess.Popen(command, env=environment(**settings), cwd=library.parent, stderr=stderr)
        try:
            yield address_of(process, log).replace("0.0.0.0", "127.0.0.1")
        finally:
            process.terminate()
            process.wait(20)


@contextmanager
def signed_in(address: str, name: str) -> Generator[httpx.Client]:
    """Give a client like a browser in which a person has signed in."""
    with httpx.Client(base_url=address, timeout=60, headers={"origin": address}) as http:
        answer = http.post("/login", data={"name": name, "password": PASSWORDS[name]})
        assert answer.status_code == 303, answer.text
        yield http
