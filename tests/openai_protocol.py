"""The OpenAI protocol as data: what a request may hold, and the form of what is answered."""

import base64
import json
import struct
from hashlib import blake2b
from math import sqrt
from re import findall
from typing import Any

from openai_replies import Reply, Thought

ACCEPTED = {
    *("model", "messages", "stream", "stream_options", "max_tokens", "max_completion_tokens", "temperature", "top_p"),
    *("stop", "n", "seed", "user", "response_format", "tools", "tool_choice", "reasoning_effort", "logprobs"),
}
ROLES = ("system", "developer", "user", "assistant", "tool")


def problem_of_chat(body: dict[str, Any]) -> str | None:
    """Say what OpenAI would refuse in a request for an answer."""
    messages = body.get("messages")
    if not isinstance(messages, list) or not messages:
        return "Invalid 'messages': empty array. Expected an array with minimum length 1."
    for at, message in enumerate(messages):
        if message.get("role") not in ROLES:
            return f"Invalid value: '{message.get('role')}' for 'messages[{at}].role'."
        if not isinstance(message.get("content"), str | list) or message["content"] == []:
            return f"Invalid value for 'messages[{at}].content': expected a string, or an array that is not empty."
    if unknown := body.keys() - ACCEPTED:
        return f"Unknown parameter: '{min(unknown)}'."
    if "stream_options" in body and not body.get("stream"):
        return "The 'stream_options' parameter is only allowed when 'stream' is enabled."
    if {"max_tokens", "max_completion_tokens"} <= body.keys():
        return "Setting 'max_tokens' and 'max_completion_tokens' at the same time is not supported."
    if any(not isinstance(body.get(name, 1), int) or body.get(name, 1) < 1 for name in ("max_tokens", "n")):
        return "Invalid value: expected a whole number over 0."
    return None if 0 <= body.get("temperature", 1) <= 2 else "Invalid 'temperature': it must be between 0 and 2."


def problem_of_embedding(body: dict[str, Any]) -> str | None:
    """Say what OpenAI would refuse in a request for vectors."""
    texts = body.get("input")
    if not texts or not isinstance(texts, str | list) or len(_listed(texts)) > 2048 or "" in _listed(texts):
        return "'$.input' is invalid: it must be a text, or a list of 1 to 2048 texts, none of them empty."
    if unknown := body.keys() - {"model", "input", "encoding_format", "dimensions", "user"}:
        return f"Unknown parameter: '{min(unknown)}'."
    return None if body.get("encoding_format", "float") in ("float", "base64") else "Invalid 'encoding_format'."


def frame(body: dict[str, Any], kind: str = "chat.completion.chunk", **more: Any) -> dict[str, Any]:
    """Return what every chunk and every answer holds, and more."""
    return {"id": "chatcmpl-1", "object": kind, "created": 1, "model": body["model"], **more}


def usage(body: dict[str, Any], count: int) -> dict[str, int]:
    """Count a token for each word of the messages, and for each piece of the answer."""
    asked = sum(len(str(message["content"]).split()) for message in body["messages"])
    return {"prompt_tokens": asked, "completion_tokens": count, "total_tokens": asked + count}


def whole(body: dict[str, Any], reply: Reply) -> str:
    """Write a whole answer, for a request that wants no stream."""
    pieces = list(reply.pieces)
    message = {"role": "assistant", "content": "".join(p for p in pieces if isinstance(p, str))}
    if thoughts := "".join(p.text for p in pieces if isinstance(p, Thought)):
        message["reasoning_content"] = thoughts
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": reply.finish}
    more = {"usage": usage(body, len(pieces))} if reply.usage else {}
    return json.dumps(frame(body, "chat.completion", choices=[choice], **more))


def embedded(body: dict[str, Any], dimensions: int) -> str:
    """Write the vectors of the texts."""
    vectors = [embedding(text, body.get("dimensions", dimensions)) for text in _listed(body["input"])]
    packed = body.get("encoding_format") == "base64"
    data = [
        {"object": "embedding", "index": at, "embedding": _packed(vector) if packed else vector}
        for at, vector in enumerate(vectors)
    ]
    tokens = sum(len(text.split()) for text in _listed(body["input"]))
    usage = {"prompt_tokens": tokens, "total_tokens": tokens}
    return json.dumps({"object": "list", "data": data, "model": body["model"], "usage": usage})


def embedding(text: str, dimensions: int) -> list[float]:
    """Make a vector of length 1 from the words of a text, so that texts that share words are near."""
    vector = [0.0] * dimensions
    for word in findall(r"\w+", text.lower()) or [text]:
        place = int.from_bytes(blake2b(word.encode(), digest_size=8).digest())
        vector[place % dimensions] += 1.0 if place >> 63 else -1.0
    length = sqrt(sum(value * value for value in vector)) or 1.0
    return [value / length for value in vector]


def _packed(vector: list[float]) -> str:
    return base64.b64encode(struct.pack(f"<{len(vector)}f", *vector)).decode()


def _listed(texts: str | list[str]) -> list[str]:
    return [texts] if isinstance(texts, str) else texts
