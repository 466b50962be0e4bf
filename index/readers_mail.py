"""Reads e-mails: the headers people look at, the body, and the names (not the contents) of attachments."""

import email
import email.policy
from email.message import EmailMessage
from pathlib import Path

from .readers_blocks import Blocks, title_of
from .readers_characters import decode
from .readers_html import add_html
from .types import Extracted

_HEADERS = ("From", "To", "Cc", "Date", "Subject")


def read_eml(path: Path) -> Extracted:
    """Read an e-mail; of a body sent both as text and as a web page, the text."""
    message = email.message_from_bytes(path.read_bytes(), _class=EmailMessage, policy=email.policy.default)
    blocks = Blocks()
    blocks.rows(f"{name}: {value}" for name in _HEADERS for value in _header(message, name))
    attachments = _add_parts(blocks, message)
    blocks.end()
    blocks.rows(f"Attachment: {name}" for name in attachments)
    return blocks.extracted(title_of(next(iter(_header(message, "Subject")), ""), path))


def _header(message: EmailMessage, name: str) -> list[str]:
    """Return a header's values; a header that breaks the rules is taken as it stands."""
    raw = [str(value) for key, value in message.raw_items() if key.lower() == name.lower()]
    if any(len(value) > 5_000 for value in raw):  # the parser takes time with the square of the length
        return [" ".join(value.split()) for value in raw]
    try:
        values = message.get_all(name, [])
    except (ValueError, IndexError, AttributeError, TypeError, LookupError):
        values = raw
    return [" ".join(str(value).split()) for value in values]


def _add_parts(blocks: Blocks, message: EmailMessage) -> list[str]:
    """Add the readable parts of a message and return the names of its attachments."""
    attachments, todo = list[str](), [message]
    while todo:
        part = todo.pop()
        kind = part.get_content_type()
        inner = [p for p in part.iter_parts() if isinstance(p, EmailMessage)] if part.is_multipart() else []
        if kind == "multipart/alternative":
            todo += _preferred(inner)
        elif part.get_content_maintype() == "multipart":
            todo += inner[::-1]
        elif part.is_attachment() or kind not in ("text/plain", "text/html"):
            attachments.append(_name(part))
        else:
            _add_body(blocks, part, kind)
    return attachments


def _preferred(parts: list[EmailMessage]) -> list[EmailMessage]:
    """Return the plain part, if it says anything; else the last, which is the sender's best."""
    plain = [p for p in parts if p.get_content_type() == "text/plain" and _body(p)[0].strip()]
    return plain[:1] or parts[-1:]


def _add_body(blocks: Blocks, part: EmailMessage, kind: str) -> None:
    text, warnings = _body(part)
    blocks.warn(*warnings)
    if kind == "text/html":
        add_html(blocks, text)
    else:
        blocks.paragraph(text)


def _body(part: EmailMessage) -> tuple[str, tuple[str, ...]]:
    """Return a part's text, trusting its declared encoding only as far as the bytes agree."""
    data = part.get_payload(decode=True)
    charset = part.get_content_charset()
    if not isinstance(data, bytes):
        return "", ()
    try:
        text = data.decode(charset or "utf-8")
        return text, ()
    except (UnicodeDecodeError, LookupError):
        return decode(data)


def _name(part: EmailMessage) -> str:
    name = part.get_filename()
    if not name and part.get_content_type() == "message/rfc822":
        inner = next(iter(part.iter_parts()), None) if part.is_multipart() else None
        name = f"e-mail “{inner.get('Subject', '')}”" if inner is not None else None
    return " ".join((name or part.get_content_type()).split())
