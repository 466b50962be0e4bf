"""What a statement says, taken apart for comparison: its figures, dates, quoted words, names and telling words."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from index.types import Span
from index.words import is_common, words

from .dates import Moment, moments
from .figures import Figure, figures
from .names import Name, names

_SPELLED = frozenset(
    """one two three four five six seven eight nine ten eleven twelv thirteen fourteen fifteen sixteen seventeen
    eighteen nineteen twenti thirti forti fifti sixti seventi eighti nineti hundr thousand million billion trillion
    dozen percent us ok""".split()
)
"""Stems of words that figures are made of."""
_FORMS = """became/becom began/begin begun/begin bore/bear born/bear bought/buy broke/break broken/break
    brought/bring built/build caught/catch chose/choos chosen/choos came/come dealt/deal died/die dead/die death/die
    drew/draw drawn/draw drove/drive driven/drive fell/fall fallen/fall felt/feel fought/fight found/find fled/flee
    flew/fli flown/fli forgot/forget gave/give given/give gone/go went/go grew/grow grown/grow heard/hear held/hold
    hid/hide kept/keep knew/know known/know laid/lay led/lead left/leav lent/lend lost/lose made/make meant/mean
    met/meet paid/pay ran/run rang/ring rose/rise risen/rise said/say sang/sing sung/sing saw/see seen/see sent/send
    sold/sell shook/shake shot/shoot sank/sink sunk/sink sought/seek spent/spend spoke/speak spoken/speak stood/stand
    stole/steal stolen/steal struck/strike taught/teach thought/think threw/throw thrown/throw took/take taken/take
    told/tell understood/understand won/win winner/win wore/wear worn/wear wrote/write written/write
    children/child feet/foot men/man women/woman mice/mous peopl/person"""
_IRREGULAR = {form: stem for form, _, stem in (pair.partition("/") for pair in _FORMS.split())}
"""Stems that the stemmer does not bring together."""
_QUOTED = re.compile(r"[“\"«„]([^“”\"«»„\n]{2,300})[”\"»“]|(?<!\w)[‘']([^‘’'\n]{2,300}(?:['’]\w+[^‘’'\n]*)*)[’'](?!\w)")


@dataclass(frozen=True, slots=True)
class Claim:
    """A text taken apart; `telling` holds its telling words, stemmed, figures left out."""

    text: str
    spoken: str  # language by which its words are stemmed
    telling: frozenset[str]
    figures: tuple[Figure, ...]
    moments: tuple[Moment, ...]
    quoted: tuple[str, ...]
    names: tuple[Name, ...]
    digits: tuple[str, ...]  # that belong to none of these

    @property
    def factual(self) -> bool:
        """Tell whether it has anything that can be compared exactly."""
        return bool(
            self.figures or self.moments or self.quoted or self.digits or any(name.certain for name in self.names)
        )

    def facts(self) -> list[Span]:
        """Return the places of its names, figures and dates."""
        return [fact.span for fact in (*self.names, *self.figures, *self.moments)]


@lru_cache(maxsize=2048)
def read_claim(text: str, spoken: str) -> Claim:
    """Take a text apart, its words stemmed as those of the language `spoken`; remembered, for streams."""
    numbers, dates, named = figures(text), moments(text), tuple(names(text))
    plain = list(text)
    for start, end in (fact.span for fact in (*numbers, *dates)):
        plain[start:end] = " " * (end - start)
    return Claim(
        text=text,
        spoken=spoken,
        telling=frozenset(telling_words("".join(plain), spoken)),
        figures=numbers,
        moments=dates,
        quoted=tuple(text[a:b] for a, b in quoted(text)),
        names=named,
        digits=_loose_digits(text, [fact.span for fact in (*numbers, *dates, *named)]),
    )


def _loose_digits(text: str, spans: Sequence[Span]) -> tuple[str, ...]:
    found = [match for match in re.finditer(r"\d+", text) if not any(a <= match.start() < b for a, b in spans)]
    return tuple(match[0] for match in found)


def telling_words(text: str, spoken: str) -> list[str]:
    """Return the words of a text that mean something by themselves, stemmed, in order; figures are left out."""
    found = [w for w in words(text, spoken) if not is_common(w) and w not in _SPELLED and not w[0].isdigit()]
    return [_IRREGULAR.get(word, word) for word in found] if spoken == "english" else found


def quoted(text: str) -> list[Span]:
    """Return the spans of what a text puts in quotation marks."""
    return [match.span(1) if match[1] is not None else match.span(2) for match in _QUOTED.finditer(text)]
