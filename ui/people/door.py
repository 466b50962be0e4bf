"""The door that asks who is there: a request has a session's cookie or a bearer token, or goes no further.

It says who it is in `scope["state"]["person"]` (an id that is never given twice; empty where there are no users) and
`["name"]`, and for the time of the request in `service.PERSON`, by which `Service.bot` shows the library as that person
sees it. It stands behind `guard.py`, which has refused what other sites send.
"""

from collections.abc import Collection
from dataclasses import dataclass, field
from http.cookies import CookieError, SimpleCookie
from urllib.parse import quote

from starlette.datastructures import Headers
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from ..addresses import is_local
from ..guard import SAFE
from ..rest.errors import error_body
from ..rest.replies import Json
from ..service import acting_as
from .throttle import Attempts, Rate
from .users import User, Users

COOKIE = "citewise-session"
LOGIN, LOGOUT = "/login", "/logout"
METRICS = "/metrics"
"""Figures without names or text, which a supervisor on this machine may read without a token."""
_OPEN = (LOGIN, LOGOUT, "/healthz", "/readyz")
_PROGRAMS = ("/api/", "/v1/", "/mcp", "/gradio_api/", METRICS)
_READING = 0.1  # what a request that only reads counts beside one that asks or changes
_SIGN_IN = "sign in at /login, or send a token: Authorization: Bearer ... (citewise users token NAME makes one)"
_NOWHERE = "this request does not say which page it comes from; programs send a token: citewise users token NAME"


@dataclass(slots=True)
class People:
    """Who may come in, and how often; `required` where nobody may without being known, even while there are no users.

    A session lasts `hours`; a person has `a_minute` requests. `refused` counts sign-ins that were.
    """

    users: Users
    required: bool = False
    hours: float = 168
    a_minute: float = 120
    refused: int = 0
    by_name: Attempts = field(default_factory=lambda: Attempts(5, 300))
    by_address: Attempts = field(default_factory=lambda: Attempts(30, 300))
    rate: Rate = field(init=False)

    def __post_init__(self) -> None:
        """Set up what counts requests."""
        self.rate = Rate(self.a_minute)

    def asked_for(self) -> bool:
        """Tell whether people must say who they are: from the first user on, until the server is started anew."""
        self.required = self.required or self.users.any()
        return self.required


class Door:
    """An ASGI middleware; requests to `signed` paths prove by themselves where they come from."""

    def __init__(self, app: ASGIApp, people: People | None, signed: Collection[str] = ()) -> None:
        """Stand before an application."""
        self.app = app
        self.people = people
        self.open = (*_OPEN, *signed)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection."""
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        user, response = self._looked_at(scope)
        if response is None:
            scope.setdefault("state", {}).update(person=user.id, name=user.name)
            with acting_as(user.id):
                await self.app(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
        else:
            await response(scope, receive, send)

    def _looked_at(self, scope: Scope) -> tuple[User, Response | None]:
        """Return who sends a request, and what to answer instead of it where it goes no further."""
        nobody = User("", "")
        if self.people is None or not self.people.asked_for():
            return nobody, None
        headers = Headers(scope=scope)
        user, by_cookie = _sender(self.people.users, headers)
        if user is None:
            opened = scope["path"] in self.open or (scope["path"] == METRICS and is_local(scope, headers))
            return nobody, None if opened else _stopped(scope, headers)
        reading = scope.get("method", "POST") in SAFE
        if by_cookie and not reading and not {"origin", "sec-fetch-site"} & set(headers):
            return user, _refused(scope, 403, _NOWHERE)
        if scope["path"] not in self.open and (wait := self.people.rate.wait(user.id, _READING if reading else 1)):
            return user, _refused(scope, 429, f"too many requests; go on in {wait} s", {"Retry-After": str(wait)})
        return user, None


def session_of(headers: Headers) -> str:
    """Return the secret of the session that a request carries, empty for none."""
    try:
        cookie = SimpleCookie(headers.get("cookie", "")).get(COOKIE)
    except CookieError:
        return ""
    return cookie.value if cookie else ""


def _sender(users: Users, headers: Headers) -> tuple[User | None, bool]:
    """Return who sends a request, and whether a cookie says so, which a browser sends whoever made the request."""
    scheme, _, token = headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return users.with_token(token.strip()), False
    secret = session_of(headers)
    return (users.with_session(secret) if secret else None), True


def _stopped(scope: Scope, headers: Headers) -> Response:
    """Show a person where to sign in, and tell a program what it lacks."""
    path: str = scope["path"]
    visit = scope.get("method") == "GET" and "text/html" in headers.get("accept", "")
    if visit and not path.startswith(_PROGRAMS):
        query = scope.get("query_string", b"").decode("latin-1")
        wanted = quote(path, safe="/") + (f"?{query}" if query else "")
        return RedirectResponse(LOGIN if wanted == "/" else f"{LOGIN}?next={quote(wanted, safe='')}", 303)
    return _refused(scope, 401, _SIGN_IN, {"WWW-Authenticate": "Bearer"})


def _refused(scope: Scope, status: int, told: str, headers: dict[str, str] | None = None) -> Response:
    return Json(error_body(scope["path"], status, told), status, headers)
