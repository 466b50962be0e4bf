"""The door of the web server: which requests come in, how large they may be, and the headers that go out.

On loopback nobody may have to sign in, so any page the person visits could try to reach the server. Refused are
requests under a foreign name (DNS rebinding) and changing requests that another site sent; who sends a request is
`people/door.py`'s question. The page's scripts are tied to a nonce of each response: markup that slipped through every
other lock could not run.
"""

import ipaddress
import json
import re
import secrets
import socket
from collections.abc import Collection
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .addresses import LOOPBACK, host_name, is_loopback
from .rest.errors import OPENAI, error_body

ANY_ADDRESS = "any address in figures"
MAX_BODY = 2_000_000
"""Bytes of a request that is not an upload."""
_UPLOAD = ("POST", "/api/documents")

SAFE = ("GET", "HEAD", "OPTIONS")
_STRICT = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
_PAGE = (
    "default-src 'self'; script-src 'self' 'nonce-{nonce}' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self'; worker-src 'self' blob:; "
    "object-src 'none'; frame-src 'none'; frame-ancestors 'none'; base-uri 'self'; form-action 'self'"
)
_OURS = ("/api/", "/healthz", "/readyz", "/slack/", OPENAI, "/mcp", "/metrics")
_SCRIPT = re.compile(rb"<script(?=[\s>])")


def allowed_hosts(public_url: str | None, host: str = "127.0.0.1") -> frozenset[str]:
    """Return the host names under which the server answers: loopback's, and the public address's.

    Where it listens elsewhere, on `host`, those are also this machine's name and any address in figures: no other site
    can take one for a name.
    """
    public = urlsplit(public_url or "").hostname
    names = LOOPBACK | ({public} if public else set())
    return names if is_loopback(host) else names | {host, socket.gethostname().lower(), ANY_ADDRESS}


def _is_among(name: str | None, hosts: Collection[str]) -> bool:
    if name in hosts:
        return True
    try:
        return ANY_ADDRESS in hosts and bool(ipaddress.ip_address(name or ""))
    except ValueError:
        return False


def refusal(method: str, headers: Headers, hosts: Collection[str]) -> str | None:
    """Say why a request is refused, or return None."""
    host = headers.get("host", "")
    if not _is_among(host_name(host), hosts):
        return "this address is not citewise's own; open it as http://127.0.0.1 or set CITEWISE_PUBLIC_URL"
    if method in SAFE:
        return None
    origin = headers.get("origin")
    if origin is not None and not _same_origin(origin, host, hosts):
        return "another site sent this request; use citewise's own page"
    if headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        return "another site sent this request; use citewise's own page"
    return None


def _same_origin(origin: str, host: str, hosts: Collection[str]) -> bool:
    """Tell whether an Origin is the Host's own, or the public one that a proxy in front stands for."""
    try:
        place = urlsplit(origin).netloc
    except ValueError:  # no address
        return False
    if place == host:
        return True
    name = host_name(place)
    return name in hosts and name not in LOOPBACK


class Guard:
    """An ASGI middleware that refuses, limits and labels; `upload_limit` is in bytes for a whole request.

    Paths that begin with one of `closed` answer 404. Those in `signed` are open under any name, because each of
    their requests proves where it comes from.
    """

    def __init__(
        self,
        app: ASGIApp,
        hosts: Collection[str],
        upload_limit: int,
        closed: tuple[str, ...] = (),
        signed: Collection[str] = (),
    ) -> None:
        """Stand before an application."""
        self.app = app
        self.hosts = hosts
        self.upload_limit = upload_limit
        self.closed = closed
        self.signed = signed

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection."""
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        nonce = secrets.token_urlsafe(16)
        labelled = _Labelled(send, scope["path"], nonce)
        method = scope.get("method", "POST")  # a websocket can change things, so it counts as a POST
        signed = scope["path"] in self.signed
        reason = None if signed else refusal(method, headers, self.hosts)
        upload = (method, scope["path"]) == _UPLOAD
        limit = self.upload_limit if upload else MAX_BODY
        if reason:
            await _refuse(labelled, 403, reason)
        elif scope["path"].startswith(self.closed):
            await _refuse(labelled, 404, "there is nothing at this address")
        elif _declared(headers) > limit:
            await _refuse(labelled, 413, _too_large(limit))
        else:
            await self.app(scope, _limited(receive, limit), labelled)


def _declared(headers: Headers) -> int:
    length = headers.get("content-length", "0")
    return int(length) if length.isdecimal() else 0


def _too_large(limit: int) -> str:
    return f"the request is larger than {limit / 1_000_000:g} MB; send less at a time"


def _limited(receive: Receive, limit: int) -> Receive:
    """Count the bytes of a body as they come, and stop at the limit."""
    seen = 0

    async def limited() -> Message:
        nonlocal seen
        message = await receive()
        seen += len(message.get("body", b""))
        if seen > limit:
            raise HTTPException(413, _too_large(limit))
        return message

    return limited


class _Labelled:
    """A `send` that adds the security headers, and the nonce to the scripts of the page."""

    def __init__(self, send: Send, path: str, nonce: str) -> None:
        self.send = send
        self.path = path
        self.ours = path.startswith(_OURS)
        self.nonce = nonce
        self.start: Message | None = None
        self.page: list[bytes] = []

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            self._label(headers)
            if not self.ours and headers.get("content-type", "").startswith("text/html"):
                self.start = message
                return
        elif message["type"] == "http.response.body" and self.start:
            self.page.append(message.get("body", b""))
            if not message.get("more_body"):
                await self._send_page(self.start)
            return
        await self.send(message)

    def _label(self, headers: MutableHeaders) -> None:
        policy = _STRICT if self.ours else _PAGE.format(nonce=self.nonce)
        headers["Content-Security-Policy"] = policy
        headers["X-Content-Type-Options"] = "nosniff"
        headers["X-Frame-Options"] = "DENY"
        headers["Referrer-Policy"] = "same-origin"  # without any, a browser does not tell the origin of a form
        headers["Cross-Origin-Opener-Policy"] = "same-origin"
        headers["Cross-Origin-Resource-Policy"] = "same-origin"
        if self.ours:
            headers["Cache-Control"] = "no-store"

    async def _send_page(self, start: Message) -> None:
        body = _SCRIPT.sub(b'<script nonce="%s"' % self.nonce.encode(), b"".join(self.page))
        headers = MutableHeaders(scope=start)
        headers["Content-Length"] = str(len(body))
        headers["Cache-Control"] = "no-store"
        await self.send(start)
        await self.send({"type": "http.response.body", "body": body})


async def _refuse(send: _Labelled, status: int, reason: str) -> None:
    body = json.dumps(error_body(send.path, status, reason)).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
