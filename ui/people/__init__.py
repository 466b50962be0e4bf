"""People: who may use `citewise serve`, and the command `citewise users` that says so.

`users.py` keeps them, `door.py` asks every request who sends it, `pages.py` is where a person signs in and out. Without
a user, on loopback, nobody is asked, and everything is everybody's.
"""

import sys
from argparse import Namespace
from collections.abc import Callable
from contextlib import closing
from getpass import getpass

from qa.settings import Settings

from .users import UserError, Users


def run(arguments: Namespace) -> int:
    """Do what `citewise users` was told."""
    from qa.chatbot import default_library

    from ..commands import settings_of

    do: dict[str, Callable[[Users, str, Settings], str]] = {
        "add": _add,
        "list": _list,
        "remove": _remove,
        "passwd": _passwd,
        "token": _token,
    }
    if arguments.action != "list" and not arguments.name:
        raise UserError(f"which user? citewise users {arguments.action} NAME")
    settings = settings_of(arguments)
    with closing(Users(settings.library or default_library())) as users:
        print(do[arguments.action](users, arguments.name, settings), end="")
    return 0


def _add(users: Users, name: str, settings: Settings) -> str:
    first = not users.any()
    user = users.add(name, _password())
    return f"added {user.name}" + ("; from now on citewise serve asks who it is\n" if first else "\n")


def _list(users: Users, name: str, settings: Settings) -> str:
    return "".join(f"{user.name}\n" for user in users.all())


def _remove(users: Users, name: str, settings: Settings) -> str:
    """Remove a person, what they uploaded and what they asked: nobody else could ever see it."""
    from qa.chatbot import Chatbot

    from ..conversations import Conversations
    from ..render import count
    from ..service import quiet

    user = users.named(name)
    quiet()
    with Chatbot.open(settings.library, settings) as bot:
        index = bot.index.seen_by(user.id)
        own = [document.source for document in index.documents() if document.owner]
        removed = index.remove(own) if own else 0
        with closing(Conversations(index.library)) as conversations:
            conversations.forget(user.id)
    users.remove(user)
    return f"removed {user.name} and {count(removed, 'document')} of theirs\n"


def _passwd(users: Users, name: str, settings: Settings) -> str:
    user = users.named(name)
    users.set_password(user, _password())
    return f"changed the password of {user.name} and ended their sessions; their token, if any, stays\n"


def _token(users: Users, name: str, settings: Settings) -> str:
    return f"{users.new_token(users.named(name))}\n"


def _password() -> str:
    """Return a password from the terminal, asked twice, or from the first line of standard input."""
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\r\n")
    password = getpass("Password: ")
    if getpass("Once more: ") != password:
        raise UserError("these are two passwords; nothing was changed")
    return password
