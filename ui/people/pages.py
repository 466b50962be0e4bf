"""Where a person signs in and out: plain HTML without a script, and the session's cookie."""

from html import escape
from typing import Any
from urllib.parse import parse_qs, urlsplit

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, RedirectResponse
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException

from ..addresses import host_name
from .door import COOKIE, LOGIN, LOGOUT, People, session_of

SIGN_OUT = (
    f'<form method="post" action="{LOGOUT}"><button style="background:none;padding:0;color:var(--cw-dim);'
    'font-size:.85rem;cursor:pointer">Sign out</button></form>'
)
"""What a page shows to let a person sign out."""
_LARGEST = 8_000  # bytes of the form
_WRONG = "That name and that password do not belong together."
_STYLE = """:root{color-scheme:light dark;--ink:#1c1917;--dim:#6b655d;--ground:#faf9f7;--card:#fff;--line:#8f887e;
--bad:#b42318;--accent:#0f766e}@media(prefers-color-scheme:dark){:root{--ink:#f1eeea;--dim:#a8a29a;--ground:#171614;
--card:#211f1c;--line:#7d766c;--bad:#fda29b;--accent:#5eead4}}*{box-sizing:border-box}
body{margin:0;min-height:100dvh;display:grid;place-items:center;padding:1.2rem;background:var(--ground);color:var(--ink);
font:1rem/1.5 ui-sans-serif,system-ui,-apple-system,"Segoe UI",Roboto,Ubuntu,sans-serif}main{width:100%;max-width:21rem}
h1{font-size:1.5rem;font-weight:680;letter-spacing:-.015em;margin:0}p{margin:.25rem 0 1.6rem;color:var(--dim)}
p.bad{margin:0 0 1rem;color:var(--bad)}label{display:block;margin-bottom:1rem;font-size:.88rem;font-weight:550}
input,button{font:inherit;width:100%;border-radius:12px;padding:.65rem .85rem}input{display:block;margin-top:.3rem;
font-size:1rem;font-weight:400;color:inherit;background:var(--card);border:1px solid var(--line)}
button{border:0;margin-top:.4rem;background:#0f766e;color:#fff;font-weight:600;cursor:pointer}
button:hover{background:#115e59}:focus-visible{outline:2px solid var(--accent);outline-offset:2px}"""


def router(people: People, public_url: str | None) -> APIRouter:
    """Return the routes of signing in and out."""
    routes = APIRouter(include_in_schema=False)

    @routes.get(LOGIN)
    def login(request: Request, next: str = "/") -> Any:
        return HTMLResponse(_page(_local(next)))

    @routes.post(LOGIN)
    async def sign_in(request: Request) -> Any:
        form = await _form(request)
        return await run_in_threadpool(_signed_in, people, request, form, public_url)

    @routes.get(LOGOUT)
    def stay() -> Any:
        return RedirectResponse("/", 303)  # a link or an image of another site could ask for this

    @routes.post(LOGOUT)
    def sign_out(request: Request) -> Any:
        people.users.end_session(session_of(request.headers))
        response = RedirectResponse(LOGIN, 303)
        response.delete_cookie(COOKIE)
        return response

    return routes


async def _form(request: Request) -> dict[str, str]:
    """Read the form; whoever sends it is not known yet, so it is not to be large."""
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > _LARGEST:
            raise HTTPException(413, "this is larger than a name and a password")
    return {name: values[0] for name, values in parse_qs(body.decode("utf-8", "replace")).items()}


def _signed_in(people: People, request: Request, form: dict[str, str], public_url: str | None) -> Any:
    """Begin a session, or say why not; attempts count before they are looked at, so that many at once gain nothing."""
    name, after = form.get("name", "").strip().lower(), _local(form.get("next", "/"))
    address = request.client.host if request.client else ""
    wait = people.by_address.wait(address) or people.by_name.wait(name)
    user = None if wait else people.users.with_password(name, form.get("password", ""))
    if user is None:
        people.refused += 1
        told = f"Too many attempts. Try again in {_minutes(wait)}." if wait else _WRONG
        more = {"Retry-After": str(wait)} if wait else None
        return HTMLResponse(_page(after, told, name), 429 if wait else 401, more)
    people.by_name.forget(name)
    people.by_address.take_back(address)
    people.users.end_session(session_of(request.headers))
    response = RedirectResponse(after, 303)
    seconds = int(people.hours * 3600)
    secret, secure = people.users.begin_session(user, seconds), _is_secure(request, public_url)
    response.set_cookie(COOKIE, secret, max_age=seconds, httponly=True, samesite="lax", secure=secure)
    return response


def _is_secure(request: Request, public_url: str | None) -> bool:
    """Tell whether the browser speaks https: to this server, or to a proxy in front of it."""
    public = urlsplit(public_url or "")
    at_public = host_name(request.headers.get("host", "")) == public.hostname
    return request.url.scheme == "https" or (public.scheme == "https" and at_public)


def _local(address: str) -> str:
    """Return an address of this server, or its root where it could be read as one of another."""
    plain = address.isascii() and address.isprintable() and "\\" not in address
    return address if plain and address.startswith("/") and not address.startswith("//") else "/"


def _minutes(seconds: int) -> str:
    return f"{seconds} s" if seconds < 90 else f"{round(seconds / 60)} minutes"


def _page(after: str, told: str = "", name: str = "") -> str:
    bad = f'<p class="bad" role="alert">{escape(told)}</p>' if told else ""
    focus = ("", "autofocus") if name else ("autofocus", "")
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Sign in - citewise</title>'
        '<meta name="viewport" content="width=device-width"><link rel="icon" href="data:,">'
        f"<style>{_STYLE}</style></head><body><main><h1>citewise</h1>"
        f'<p>Sign in to ask the documents.</p><form method="post" action="{LOGIN}">{bad}'
        f'<input type="hidden" name="next" value="{escape(after)}"><label>Name<input name="name" required '
        f'autocomplete="username" autocapitalize="none" spellcheck="false" value="{escape(name)}" {focus[0]}></label>'
        '<label>Password<input name="password" type="password" required autocomplete="current-password" '
        f"{focus[1]}></label><button>Sign in</button></form></main></body></html>"
    )
