"""What is to be told from addresses: whether only this machine reaches one, or sends a request."""

import ipaddress
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import Scope

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


def is_loopback(host: str) -> bool:
    """Tell whether only this machine reaches an address."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def host_name(host: str) -> str | None:
    """Return the name in a Host header, without its port."""
    try:
        return urlsplit(f"//{host}").hostname
    except ValueError:
        return None


def is_local(scope: Scope, headers: Headers) -> bool:
    """Tell a request from this machine itself, and not through a proxy on it."""
    client = scope.get("client")
    if not client or host_name(headers.get("host", "")) not in LOOPBACK or "x-forwarded-for" in headers:
        return False
    try:
        return ipaddress.ip_address(client[0]).is_loopback
    except ValueError:
        return False
