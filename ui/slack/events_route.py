"""The address `/slack/events`, where Slack sends events, commands and button presses over HTTP.

Every request must be signed by Slack with the app's secret, not older than five minutes, and new: one that was seen
before is refused, so that nobody can repeat it.
"""

from typing import TYPE_CHECKING

from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool

from .connect import LOG

if TYPE_CHECKING:
    from .bot import Bot

PATH = "/slack/events"


def router(bot: "Bot", signing_secret: str) -> APIRouter:
    """Return the route."""
    from slack_bolt.adapter.starlette.handler import to_bolt_request, to_starlette_response
    from slack_sdk.signature import SignatureVerifier

    verifier = SignatureVerifier(signing_secret)
    routes = APIRouter()

    def is_slacks(body: bytes, timestamp: str, signature: str) -> bool:
        if not timestamp.isdecimal() or not timestamp.isascii() or not signature.isascii():
            return False
        try:
            return verifier.is_valid(body, timestamp, signature)
        except UnicodeDecodeError:
            return False

    @routes.post(PATH, include_in_schema=False)
    async def events(request: Request) -> Response:
        body = await request.body()
        signature = request.headers.get("x-slack-signature", "")
        if not is_slacks(body, request.headers.get("x-slack-request-timestamp", ""), signature):
            LOG.warning("a request that Slack did not sign was refused")
            return Response("this request is not signed by Slack", 401)
        if not await run_in_threadpool(bot.desk.kept.first_time, signature):
            LOG.warning("a request that was sent before was refused")
            return Response("this request was sent before", 401)
        response = await run_in_threadpool(
            lambda: to_starlette_response(bot.app.dispatch(to_bolt_request(request, body)))
        )
        if response.status_code >= 500:
            await run_in_threadpool(bot.desk.kept.forget, signature)
        return response

    return routes
