"""Names in a sentence, and whether a quote has them: capitalised words, codes with digits, words in backticks.

In languages that capitalise every noun, or have no capitals, no name can be told, and none is.
"""

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

from index.types import Span
from index.words import language


@dataclass(frozen=True, slots=True)
class Name:
    """A word of a name; `certain` is False for a capitalised word that may only be so because it opens a sentence."""

    text: str
    span: Span
    certain: bool = True
    run: str = ""  # the capitalised words that it stands among


_WORD = re.compile(r"[^\W_](?:[\w.]*[^\W_]\.?)?(?:[-–/&+][\w.]*\w)*(?:['’]s\b)?|`[^`\n]+`")
_ENDS = (":", ";", "“", '"', "(", "•", "-")
_TITLES = frozenset(
    """mr mrs ms miss dr prof professor sir lord lady dame king queen prince princess president senator governor mayor
    minister secretary general captain colonel pope saint st judge justice chairman chairwoman ceo cfo director
    the""".split()
)
_OPENERS = frozenset(
    """a about above according across additionally after afterward afterwards again all almost along already also
    although altogether among an and another any apart approximately are around as aside at based because before behind
    below besides between beyond both but by can certain clearly collectively combined compared consequently
    conversely could currently despite did do does due during each earlier either especially essentially even
    eventually every everyone except finally first firstly following for formerly fourth from further furthermore
    generally given had has have he hence her here his historically how however i if important importantly in include
    included includes including indeed initially instead is it its just last lastly later latest like likewise many
    may me meanwhile more moreover most much must my near nearly neither never nevertheless next no nobody none nor not
    notably note nothing now of often on once one only onto or originally other others otherwise our out over overall
    part per perhaps please previously prior rather regarding roughly same second secondly see several she should
    similarly since so some someone something sometimes soon specifically still subsequently such summary that the their
    them then there thereafter therefore these they third thirdly this those though three through throughout thus to
    today together too two typically under unfortunately unless unlike until up upon us use using usually via was we
    well were what when where whereas whether which while who whose why will with within without would yes yet you
    your key main yes answer question documents document passages passage sources source information people""".split()
)
_MONTHS = frozenset("jan feb mar apr may jun jul aug sep oct nov dec".split())
_RUN = re.compile(r"[A-Z][\w’'-]+(?:(?: of| and| the| for| de)* [A-Z][\w’'-]+)+")
_JOINS = re.compile(r"[-–/]")


def names(sentence: str) -> list[Name]:
    """Return the words of a sentence that name something, its first word only where that can be told."""
    shouted = sum(map(str.isupper, sentence)) > sum(map(str.islower, sentence))
    if shouted or language(sentence) == "german":
        return []
    runs = {at: run[0] for run in _RUN.finditer(sentence) for at in range(*run.span())}
    found: list[Name] = []
    for match in _WORD.finditer(sentence):
        text, opens = match[0], _opens(sentence, match.start())
        if text.startswith("`"):
            found.append(Name(text.strip("`"), match.span()))
        elif re.search(r"\d", text):
            if re.search(r"[^\W\d_]", text) and not re.fullmatch(_PLAIN_FIGURE, text.rstrip("."), re.IGNORECASE):
                found.append(Name(text, match.span()))
        elif text[0].isupper() and text != "I" and fold(text) not in _TITLES:
            if not opens:
                found.append(Name(text, match.span(), run=runs.get(match.start(), "")))
            elif fold(text) not in _OPENERS:
                following = _WORD.match(sentence, match.end() + 1)
                certain = following is not None and following[0][0].isupper() and fold(following[0]) not in _OPENERS
                found.append(Name(text, match.span(), certain or text[1:2].isupper(), runs.get(match.start(), "")))
    return found


_PLAIN_FIGURE = (
    r"\d[\d.,]*(?:st|nd|rd|th|s|k|m|mn|bn|b|tn|am|pm|km|kg|cm|mm|mg|g|ml|mph|gb|mb|tb|kw|mw|gw|hz|mhz|ghz)?"
    r"(?:[-–/]\w+)?"
)


def _opens(sentence: str, start: int) -> bool:
    before = sentence[:start].rstrip(" *_'\"“‘([")
    return not before or before.endswith(_ENDS)


def has_name(name: Name, words: frozenset[str], text: str) -> bool:
    """Tell whether a text has a name, given its `word_set`: in another form too (Iraqi, Iraq; U.S., United States)."""
    wanted = fold(name.text)
    if wanted in words or (wanted[:3] in _MONTHS and wanted[:3] in words):
        return True
    parts = [part for part in _JOINS.split(wanted) if part]
    if len(parts) > 1 and all(part in words for part in parts):
        return True
    if any(map(str.isdigit, wanted)):  # F-16s are F-16; but 85 and 86 are no forms of one name
        return wanted.removesuffix("s") in words
    if any(_related(wanted, word) for word in words):
        return True
    if len(wanted) <= 5 and name.text.replace(".", "").isupper():
        return wanted in _initials(text)
    return any(len(word) > 1 and word in _initials(name.run) for word in words)


def fold(word: str) -> str:
    """Return a word in the form in which names are compared: no case, accents, points or possessive."""
    plain = unicodedata.normalize("NFKD", word.casefold())
    plain = "".join(char for char in plain if not unicodedata.combining(char))
    return re.sub(r"['’]s$|\.", "", plain).strip("'’")


@lru_cache(maxsize=4096)
def word_set(text: str) -> frozenset[str]:
    """Return the folded words of a text, those within compounds too."""
    found: set[str] = set()
    for match in _WORD.finditer(text):
        word = fold(match[0].strip("`"))
        found.add(word)
        found.update(part for part in _JOINS.split(word) if part)
        found.update(part for part in re.split(r"[\s/]", word) if part)
    found |= {word[:3] for word in found if word[:3] in _MONTHS and len(word) <= 9}
    return frozenset(found)


def _related(name: str, word: str) -> bool:
    """Tell whether two words are forms of one: the shorter is the beginning of the longer, but for a short ending."""
    short, long = sorted((name, word), key=len)
    if len(short) < 4:
        return False
    if long.startswith(short) and len(long) - len(short) <= 3:
        return True
    stem = short[:-1]
    return len(stem) >= 5 and long.startswith(stem) and len(long) - len(stem) <= 3


@lru_cache(maxsize=4096)
def _initials(text: str) -> frozenset[str]:
    """Return the initials of each run of capitalised words: "United States" gives "us"."""
    runs = re.findall(r"(?:[A-Z][\w’'-]+(?:\s+(?:of|and|the|for|de)\s+|\s+|-)?){2,8}", text)
    found: set[str] = set()
    for run in runs:
        words = [word for word in re.split(r"[\s-]+", run) if word]
        capitals = [word[0].lower() for word in words if word[0].isupper()]
        found |= {
            "".join(capitals[i:j]) for i in range(len(capitals)) for j in range(i + 2, min(len(capitals), i + 6) + 1)
        }
        if len(words) <= 8:
            found.add("".join(word[0].lower() for word in words))
    return frozenset(found)
