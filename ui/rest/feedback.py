"""Thumbs over REST: what a person thought of an answer in one of their conversations."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException

from qa.feedback import keep, rate

from ..asking import person_of
from ..service import Service
from .replies import Json

WHERE = "browser"


class RatingIn(BaseModel):
    """A thumb for the answer to question `number` of a conversation, with a reason if there is one."""

    model_config = ConfigDict(extra="forbid")
    conversation: Annotated[str, Field(max_length=64)]
    number: Annotated[int, Field(ge=1, le=1_000_000)]
    rating: Literal["up", "down"]
    reason: Annotated[str, Field(max_length=2_000)] = ""


def router(service: Service) -> APIRouter:
    """Return the route that keeps ratings."""
    routes = APIRouter(default_response_class=Json)

    @routes.post("/api/feedback")
    def feedback(given: RatingIn, request: Request) -> Any:
        """Keep what a person thought of an answer."""
        person, kept = person_of(request), service.conversations
        conversation = kept.get(person, given.conversation)
        exchange = next((e for e in conversation.exchanges if e.number == given.number), None)
        if exchange is None or exchange.answer is None:
            raise HTTPException(404, f"the conversation has no answer {given.number}")
        rated = rate(
            exchange.answer,
            given.rating,
            given.reason,
            history=conversation.before(given.number),
            generation=exchange.generation,
            who=person,
            where=WHERE,
            of=f"{conversation.id}:{exchange.number}:{exchange.asked}",
        )
        keep(service.bot.index.library, rated)
        kept.rate(conversation.id, exchange.number, given.rating)
        return Json({"rated": given.rating})

    return routes
