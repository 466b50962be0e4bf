"""Why an answer is as it is, over REST; and what could be asked next."""

from typing import Annotated, Any

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException

from index.types import SearchResult
from qa.examples import follow_ups
from qa.explain import Explanation, explain

from ..asking import REMEMBERED, person_of
from ..conversations import Conversation, Exchange
from ..render import excerpt
from ..service import Service
from .replies import Json

_EXCERPT = 160


class ExplainIn(BaseModel):
    """Question `number` of a conversation."""

    model_config = ConfigDict(extra="forbid")
    conversation: Annotated[str, Field(max_length=64)]
    number: Annotated[int, Field(ge=1, le=1_000_000)]


class Ranked(BaseModel):
    """A passage in a rank list: where it stands, how it begins and its score, which compares within the list only."""

    id: str
    source: str
    page: int | None
    start: int
    end: int
    excerpt: str
    score: float


class ExplainOut(BaseModel):
    """What was searched for, what each search found, what was read, what was left out, and milliseconds a stage."""

    question: str
    meaning: list[Ranked]
    words: list[Ranked]
    fused: list[Ranked]
    read: list[Ranked]
    cut: list[Ranked]
    probability: float
    threshold: float
    timings: dict[str, float]


def router(service: Service) -> APIRouter:
    """Return the routes that say how an answer came about and what could follow."""
    routes = APIRouter(default_response_class=Json)

    @routes.post("/api/explain", responses={200: {"model": ExplainOut}})
    def explained(asked: ExplainIn, request: Request) -> Any:
        """Tell how an answer came about: both rank lists, what was read and left out, the time of each stage."""
        conversation = service.conversations.get(person_of(request), asked.conversation)
        exchange = _exchange(conversation, asked.number)
        history = conversation.before(asked.number)[-REMEMBERED:]
        found = explain(service.bot, exchange.question, history, exchange.sources, exchange.answer)
        return Json(_out(found).model_dump())

    @routes.get("/api/conversations/{identity}/follow-ups", responses={200: {"model": list[str]}})
    def next_questions(identity: str, request: Request) -> Any:
        """Return questions that could be asked next, which the cited documents answer."""
        conversation = service.conversations.get(person_of(request), identity)
        last = conversation.exchanges[-1].answer if conversation.exchanges else None
        return Json(follow_ups(service.bot.index, last) if last else [])

    return routes


def _exchange(conversation: Conversation, number: int) -> Exchange:
    for exchange in conversation.exchanges:
        if exchange.number == number:
            return exchange
    raise HTTPException(404, f"the conversation has no question {number}")


def _out(found: Explanation) -> ExplainOut:
    lists = {name: [_ranked(r) for r in getattr(found, name)] for name in ("meaning", "words", "fused", "read", "cut")}
    return ExplainOut(
        question=found.question,
        probability=found.probability,
        threshold=found.threshold,
        timings=found.timings,
        **lists,
    )


def _ranked(result: SearchResult) -> Ranked:
    p = result.passage
    return Ranked(
        id=p.id,
        source=p.source,
        page=p.page,
        start=p.start,
        end=p.end,
        excerpt=excerpt(p.text, _EXCERPT),
        score=result.score,
    )
