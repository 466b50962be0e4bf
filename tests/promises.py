"""What every answer promises, whatever it was asked and however it was made."""

import re

from qa import Answer, Chatbot


def sound(bot: Chatbot, answer: Answer) -> Answer:
    """Check what every answer promises, and return it."""
    marks = [int(mark) for mark in re.findall(r"\[(\d+)\]", answer.text)]
    assert list(dict.fromkeys(marks)) == [c.number for c in answer.citations] == list(range(1, len(set(marks)) + 1))
    for citation in answer.citations:
        assert bot.index.text(citation.source)[citation.start : citation.end] == citation.quote
        assert citation.passage_id in {result.passage.id for result in answer.results}
    assert answer.short is None or any(answer.short in c.quote for c in answer.citations)
    return answer
