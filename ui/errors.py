"""How an error is told: `{"error": "..."}` over REST, and in OpenAI's form where OpenAI's clients read it."""

from typing import Any

OPENAI = "/v1/"
"""What the addresses of OpenAI's protocol begin with."""


def error_body(path: str, status: int, message: str, param: str | None = None) -> dict[str, Any]:
    """Return the JSON that tells a client at this address what went wrong; `param` names what it should change."""
    if not path.startswith(OPENAI):
        return {"error": message}
    kind = "server_error" if status >= 500 else "invalid_request_error"
    return {"error": {"message": message, "type": kind, "param": param, "code": None}}
