"""Bytes to characters: finds a file's encoding and takes out what nobody can see.

Every reader passes its text through `clean`. What the text means (headings, tables) is left to the readers.
"""

import re
from collections.abc import Iterator

from .errors import ReadError
from .hidden import Hidden, is_news

_BOMS = (
    (b"\xef\xbb\xbf", "utf-8"),
    (b"\xff\xfe\x00\x00", "utf-32-le"),
    (b"\x00\x00\xfe\xff", "utf-32-be"),
    (b"\xff\xfe", "utf-16-le"),
    (b"\xfe\xff", "utf-16-be"),
)
# What people's files really are written in; charset-normalizer also knows encodings that were never in
# use on the desktop and prefers them on short texts.
_CANDIDATES = [
    *("cp1252", "cp1250", "iso8859_2", "cp1251", "koi8_r", "cp866", "cp1253", "cp1254", "cp1255", "cp1256"),
    *("cp1257", "cp1258", "cp874", "cp932", "euc_jp", "gb18030", "big5", "cp949", "utf_16_le", "utf_16_be"),
]
_SAMPLE = 60_000
_WESTERN = re.compile(
    r"[\x00-\x7f]|(?<![a-z])[«»¿¡“”‘–—…€£§°©®™•·×\xa0]|[«»“”’–—…€°©®™\xa0½¼¾²³ºª](?![a-z])|(?<=[a-zA-Z])’(?=[a-z])"
    r"|[àâäçéèêëîïôöùûüÿñáíóúìòßœæåøãõÀÂÄÇÉÈÊËÎÏÔÖÙÛÜÑÁÍÓÚÌÒŒÆÅØÃÕ]"
)


def decode(data: bytes, declared: str | None = None) -> tuple[str, tuple[str, ...]]:
    """Return the text of `data` and warnings; `declared` is an encoding that the file itself names."""
    for mark, encoding in _BOMS:
        if data.startswith(mark):
            return data[len(mark) :].decode(encoding, "replace"), ()
    wide = _wide_encoding(data)
    if wide:
        return data.decode(wide, "replace"), ()
    _refuse_binary(data)
    try:
        return data.replace(b"\r\n", b"\n").decode(), ()  # here it costs a quarter of what it does in a string
    except UnicodeDecodeError:
        return _decode_legacy(data, declared)


def _wide_encoding(data: bytes) -> str | None:
    """Tell UTF-16 without a mark: its NUL bytes all stand on one side of each pair."""
    head = data[:_SAMPLE]
    even, odd = head[0::2].count(0), head[1::2].count(0)
    if head.isascii() and even + odd < len(head) // 3 and not _controls(head):
        return None  # in UTF-16 every second byte of such text is NUL
    if len(data) % 2 or not (even or odd) or min(even, odd) > max(even, odd) // 50:
        return None
    encoding = "utf-16-le" if odd > even else "utf-16-be"
    text = head[: len(head) // 2 * 2].decode(encoding, "replace")
    odd_ones = sum(not (c.isprintable() or c in "\t\r\n") for c in text)
    letters = sum(c.isalpha() or c.isspace() for c in text)
    return encoding if odd_ones <= len(text) // 50 and letters * 2 > len(text) else None


def _refuse_binary(data: bytes) -> None:
    head = data[:_SAMPLE]
    if head.count(0) > 1 + len(head) // 1000 or _controls(head) > 2 + len(head) // 20:
        raise ReadError("it is a binary file, not text; add it in the format of the program that made it")


def _controls(data: bytes) -> int:
    """Count the bytes that text does not have."""
    return len(data) - len(data.translate(None, bytes([*range(1, 9), *range(14, 27), *range(28, 32)])))


def _decode_legacy(data: bytes, declared: str | None) -> tuple[str, tuple[str, ...]]:
    repaired = data.decode(errors="replace")
    damaged = repaired.count("\ufffd")
    sound = len(data) - len(repaired)  # each sound multi-byte character makes the text shorter than the bytes
    if sound > 10 * damaged:
        return repaired, (f"{damaged} damaged characters are shown as \ufffd",)
    for encoding in (declared, _guess(data)):
        try:
            if encoding:
                return data.decode(encoding), ()
        except (UnicodeDecodeError, LookupError):
            continue
    return data.decode("cp1252", "replace"), ("its encoding could not be told; letters with accents may be wrong",)


def _guess(data: bytes) -> str | None:
    sample = _telling_lines(data)
    western = sample.decode("cp1252", "replace")
    latin, other = (sum(map(str.isalpha, part)) for part in (filter(str.isascii, western), western))
    if latin > 0.7 * other and all(_WESTERN.match(western, at) for at in range(len(western))):
        return "cp1252"  # most common by far, and hard to tell from its neighbours in a short text
    from charset_normalizer import from_bytes

    best = from_bytes(sample, cp_isolation=_CANDIDATES).best()
    return best.encoding if best else None


def _telling_lines(data: bytes) -> bytes:
    """Return lines that hold bytes beyond ASCII: only they tell one encoding from another."""
    if len(data) <= _SAMPLE:
        return data
    lines = re.finditer(rb"[^\n]*[\x80-\xff][^\n]*\n?", data)
    sample, size = list[bytes](), 0
    for line in lines:
        sample.append(line[0][:_SAMPLE])
        size += len(sample[-1])
        if size >= _SAMPLE:
            break
    return b"".join(sample)


_FLAG = r"\U0001f3f4[\U000e0020-\U000e007e]+\U000e007f"
_SUSPECT = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u034f\u200b-\u200d\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb\ufffe\uffff"
    "\ud800-\udfff\ufe00-\ufe0f\U000e0000-\U000e01ef]"
)
_BREAKS = re.compile("\r\n|[\r\x0b\x0c\x85\u2028\u2029]")
_ANSI = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b\][^\x07\x1b]{0,200}(?:\x07|\x1b\\)")
_BIDI = re.compile("[\u202a-\u202e\u2066-\u2069]")
_TAGS = re.compile(f"({_FLAG})|[\U000e0000-\U000e007f]")
_SELECTORS = re.compile("[\ufe00-\ufe0f\U000e0100-\U000e01ef]+")
_JOINERS = re.compile("(?<![^\x00-\x7f])[\u200c\u200d]|[\u200c\u200d](?![^\x00-\x7f])|[\u200b-\u200d]{2,}")
_INVISIBLE = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\xad\u034f\u200b\u2060-\u2065\ufeff\ufff9-\ufffb\ufffe\uffff]"
)
_CODE = re.compile("[\u200b-\u200f\u2060-\u2064\ufeff]{8,}")
_SURROGATES = re.compile("[\ud800-\udfff]")


_DIRECTIONS = Hidden("invisible marks that change the direction of writing")
_UNSEEN = Hidden("invisible characters that can hide text")
_WRITTEN = "text written in invisible characters"


def clean(text: str) -> tuple[str, tuple[Hidden, ...]]:
    """Return the text without what nobody can see, line ends as "\\n", and what was hidden in it.

    Joiners stay where a script needs them (Persian, Indic, emoji), tag characters in flags.
    """
    if not _SUSPECT.search(text):
        return text, ()
    if len(text) > 2 * _SAMPLE:  # most parts of a long text need nothing, and the rest less memory one by one
        parts = [clean(part) for part in _line_parts(text)]
        return "".join(part for part, _ in parts), tuple(one for _, more in parts for one in more)
    text = _BREAKS.sub("\n", _ANSI.sub("", text))
    if not _SUSPECT.search(text):
        return text, ()
    hidden = _smuggled(text)
    text = _TAGS.sub(lambda m: m[1] or "", _BIDI.sub("", text))
    text = _SELECTORS.sub(_selected, text)
    return _SURROGATES.sub("\ufffd", _INVISIBLE.sub("", _JOINERS.sub("", text))), hidden


def _selected(selectors: re.Match[str]) -> str:
    """Return what stays of variation selectors: one, after a character that has more than one shape."""
    base, first = selectors.string[max(selectors.start() - 1, 0) : selectors.start()], selectors[0][0]
    shaped = base > "\x7f" or base in tuple("0123456789#*")
    return first if shaped and (len(selectors[0]) == 1 or first < "\ufe10") else ""


def _smuggled(text: str) -> tuple[Hidden, ...]:
    """Return what invisible characters say or can say: tags stand for ASCII, variation selectors for bytes."""
    hidden = (_DIRECTIONS,) if _BIDI.search(text) else ()
    tags = "".join(chr(ord(m[0]) & 0x7F) for m in _TAGS.finditer(text) if not m[1])
    selectors = "".join(m[0] for m in _SELECTORS.finditer(text) if _selected(m) != m[0])
    octets = bytes(ord(c) - (0xFE00 if c < "\uff00" else 0xE0100 - 16) for c in selectors)
    written = [said for said in (tags, octets.decode(errors="ignore")) if is_news(said)]
    if written:
        return (*hidden, *(Hidden(_WRITTEN, said) for said in written))
    return (*hidden, _UNSEEN) if tags or selectors or _CODE.search(text) else hidden


def _line_parts(text: str) -> Iterator[str]:
    """Cut a text into pieces that end where a line does, or at twice the size where none does."""
    start = 0
    while start < len(text):
        end = text.find("\n", start + _SAMPLE, start + 2 * _SAMPLE) + 1 or start + 2 * _SAMPLE
        yield text[start:end]
        start = end
