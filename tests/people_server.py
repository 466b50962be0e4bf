"""A server that others could reach, with two users, for the tests of people and owners."""

from collections.abc import Generator
from contextlib import closing, contextmanager
from pathlib import Path

import httpx
from served import served

from ui.people.users import Users

PASSWORDS = {"ada": "correct horse battery", "bob": "staple of the battery"}


@contextmanager
def people_server(library: Path) -> Generator[str]:
    """Serve a library on every address of this machine; give the one on loopback."""
    with closing(Users(library)) as users:
        for name, password in PASSWORDS.items():
            users.add(name, password)
    settings = {"CITEWISE_MAX_UPLOAD_MB": "1", "CITEWISE_PUBLIC_URL": "https://ask.example"}
    settings["CITEWISE_REQUESTS_A_MINUTE"] = "100000"
    with served(library, host="0.0.0.0", **settings) as address:
        yield address.replace("0.0.0.0", "127.0.0.1")


@contextmanager
def signed_in(address: str, name: str) -> Generator[httpx.Client]:
    """Give a client like a browser in which a person has signed in."""
    with httpx.Client(base_url=address, timeout=60, headers={"origin": address}) as http:
        answer = http.post("/login", data={"name": name, "password": PASSWORDS[name]})
        assert answer.status_code == 303, answer.text
        yield http
