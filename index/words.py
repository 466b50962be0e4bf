"""Text to the words that keyword search and sentence scoring compare: folded, stemmed, in any script.

Chinese, Japanese, Thai and their like have no spaces: each run becomes its characters and their pairs.
"""

import re
import threading
import unicodedata
from collections import Counter
from functools import lru_cache
from typing import Any

import Stemmer

# \w leaves out the vowel signs of Indic scripts and the marks of Arabic and Hebrew, which belong to their words
_MARKS = "\u0300-\u036f\u0591-\u05c7\u0610-\u061a\u064b-\u065f\u0670\u06d6-\u06ed\u0900-\u0963\u0971-\u0dff"
WIDE = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
)
_WORD = re.compile(
    r"([A-Za-z]+(?=[ ,;:)]))"  # most words; only for speed
    rf"|([{WIDE}]+)"  # a run without spaces
    r"|(\d+(?:[.,]\d+)*(?![^\W\d_]))"  # a number
    r"|((?<!\w)[A-Za-z]{1,3}(?=(?:19|20)\d\d\b))"  # a year's prefix: FY2022 is found by 2022
    r"|(\b(?:[^\W\d_]\.){2,})"  # initials
    rf"|((?:[^\W{WIDE}]|[{_MARKS}])+)(?:['’]s\b)?"  # any other word
)
UNSPACED = re.compile(f"[{WIDE}]+")
"""Runs of a script that puts no space between words."""
_DROPPED = re.compile("[\u0300-\u036f\u0591-\u05c7\u0610-\u061a\u0640\u064b-\u065f\u0670\u06d6-\u06ed]")
_LETTERS = str.maketrans({"ø": "o", "œ": "oe", "æ": "ae", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ı": "i"})
_STOPWORDS = {
    "english": "the of and to in is was for that with as are by from which what who how it on an were this not be"
    " where when why whose do does did",
    "spanish": "el la los las de del que en por con una un para es fue como se su al qué cuál quién y más entre",
    "german": "der die das und von zu mit den dem ein eine ist war wie wer welche was nicht für auf im des wurde",
    "french": "le les des du et est une dans pour qui que par sur avec au aux quel quelle ce cette sont été la",
    "italian": "il lo gli di che per una un con del della dei è sono quale chi nel nella alla come più le da",
    "portuguese": "o os da do das dos que em para com uma um por não qual quem foi ao à como mais se na no e",
    "dutch": "de het een van en in is op te dat voor met zijn wie wat welke niet aan werd door ook als bij",
    "swedish": "och att det som en på är av för med den till inte om vad vilken vem ett har de var från",
    "danish": "og at det som en på er af for med den til ikke hvad hvilken hvem et har de var fra der",
    "norwegian": "og at det som en på er av for med den til ikke hva hvilken hvem et har de var fra",
    "finnish": "ja on ei se että oli mikä kuka ovat joka mutta kun sen tai myös hän olla mitä",
    "turkish": "ve bir bu da de için ile ne hangi kim olarak olan daha en gibi çok nedir",
    "romanian": "și de la în cu pe care este un o din pentru ce nu mai sunt fost prin",
    "hungarian": "a az és hogy nem is egy volt mi ki melyik mint csak meg el ez van",
}
_ENGLISH = """
    a about above after again all also am an and any are as at be because been before being between both but by can
    could did do does doing down during each few for from further had has have having he her here hers him his
    how i if in into is it its itself just many me more most much my no nor not now of off on once only or other
    our out over own same she should so some such than that the their theirs them then there these they this
    those through to too under until up us very was we were what when where which while who whom whose why will
    with would you your tell please find show give list take took takes place happen happened occur occurred
    called kind type s t d ll m re ve
"""
_SCRIPTS = (
    ("russian", "\u0400", "\u04ff"),
    ("greek", "\u0370", "\u03ff"),
    ("arabic", "\u0600", "\u06ff"),
    ("hindi", "\u0900", "\u097f"),
    ("tamil", "\u0b80", "\u0bff"),
    ("armenian", "\u0530", "\u058f"),
)
_stemmers = threading.local()  # a stemmer is not thread-safe


def words(text: str, stem_as: str | None = None) -> list[str]:
    """Return the searchable words of a text in order, stemmed as the language `stem_as` or as its own."""
    found = _tokens(text)
    latin = stem_as or _language([word for word, stemmed in found if stemmed])
    return [_stem(word, latin) if stemmed else word for word, stemmed in found if word]


def language(text: str) -> str:
    """Guess the language of a text in Latin script by its small words; English where there are none."""
    return _language([word for word, stemmed in _tokens(text) if stemmed])


def is_common(word: str) -> bool:
    """Tell whether a word, as `words()` makes it, is one that any text may hold: "the", "how", "qué"."""
    return word in _common()


@lru_cache(maxsize=1)
def _common() -> frozenset[str]:
    english = {_folded(word) for word in _ENGLISH.split()}
    return frozenset(english | {_stem(word, "english") for word in english} | set(_languages_of()))


def mostly_latin(text: str) -> bool:
    """Tell whether most letters of a text are Latin, or it has none."""
    letters = [char for char in text if char.isalpha()]
    return 2 * sum(char < "\u0250" or "\u1e00" <= char <= "\u1eff" for char in letters) >= len(letters)


def _tokens(text: str) -> list[tuple[str, bool]]:
    """Return folded words, each with whether it can be stemmed."""
    found: list[tuple[str, bool]] = []
    for plain, unspaced, number, prefix, initials, other in _WORD.findall(text.replace("_", " ")):
        if token := plain or other or prefix:
            found.append((_folded(token), True))
        elif number:
            found.append((_number(number), False))
        elif unspaced:
            found.extend((gram, False) for gram in _grams(_folded(unspaced)))
        else:
            found.append((_folded(initials.replace(".", "")), False))
    return found


def _number(token: str) -> str:
    """Return a number without the commas or points that only group its thousands."""
    digits = token if token.isascii() else "".join(str(unicodedata.digit(char, char)) for char in token)
    return re.sub(r"[.,](?=\d{3}(?:[.,]|$))", "", digits)


def _grams(run: str) -> list[str]:
    return [*run, *(run[i : i + 2] for i in range(len(run) - 1))]


@lru_cache(maxsize=1 << 16)
def _folded(word: str) -> str:
    lowered = word.casefold()
    if lowered.isascii():
        return lowered
    if "\u0400" <= lowered[0] <= "\u04ff":  # taken apart, й would lose what makes it a letter
        return _DROPPED.sub("", unicodedata.normalize("NFC", lowered)).replace("ё", "е")
    return _DROPPED.sub("", unicodedata.normalize("NFKD", lowered)).translate(_LETTERS)


def _language(found: list[str]) -> str:
    languages = _languages_of()
    votes: dict[str, int] = {}
    for word, times in Counter(filter(languages.__contains__, found[:400])).items():
        for name in languages[word]:
            votes[name] = votes.get(name, 0) + times
    best = max(votes, key=lambda name: (votes[name], name == "english"), default="english")
    return best if votes.get(best, 0) > votes.get("english", 0) else "english"


@lru_cache(maxsize=1)
def _languages_of() -> dict[str, list[str]]:
    """Return the languages that each small word, folded, belongs to."""
    found: dict[str, list[str]] = {}
    for name, listed in _STOPWORDS.items():
        for word in set(listed.split()):
            found.setdefault(_folded(word), []).append(name)
    return found


@lru_cache(maxsize=1 << 16)
def _stem(word: str, latin: str) -> str:
    if not word or word.isdecimal():
        return word
    return _stemmer(_script_language(word) or latin).stemWord(word)


def _script_language(word: str) -> str | None:
    first = word[:1]
    return next((name for name, low, high in _SCRIPTS if low <= first <= high), None)


def _stemmer(name: str) -> Any:
    known: dict[str, Any] = _stemmers.__dict__
    if name not in known:
        known[name] = Stemmer.Stemmer(name)
    return known[name]
