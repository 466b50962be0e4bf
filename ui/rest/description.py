"""What the server says of its own interface: `/api/openapi.json`, and at `/api` a page that a person can read.

Both are made from the routes, so that a new route is described by its docstring and types. The page is plain HTML
without a script, and loads nothing.
"""

import json
import re
from collections.abc import Iterator
from html import escape
from typing import Any, cast

from fastapi import FastAPI
from fastapi.responses import HTMLResponse

from .errors import OPENAI

_ERROR = {"type": "object", "required": ["error"], "properties": {"error": {"type": "string"}}}
_ERROR["description"] = "What went wrong and what to do, in one line."
_ABOUT = (
    "Ask your own documents; every answer quotes them, word for word. A quote is `text[start:end]` of its document."
)
_EXAMPLES: dict[str, Any] = {
    "AskIn": {"question": "How many targets were struck?"},
    "SearchIn": {"query": "drone attack", "k": 3},
    "CompletionIn": {"model": "citewise", "messages": [{"role": "user", "content": "How many targets were struck?"}]},
}
_STYLE = """:root{color-scheme:light dark}body{font:1rem/1.6 system-ui,sans-serif;max-width:52rem;margin:2rem auto;
padding:0 1.2rem;background:#faf9f7;color:#1c1917;overflow-wrap:anywhere}h1{font-size:1.5rem}h2{font-size:1.05rem;
margin:0}h2 code{font-size:1rem}section{border-top:1px solid #d6d3d1;padding:1rem 0}b{color:#0f766e}
pre,ul{font-size:.9rem}pre{background:#f0eeea;padding:.8rem;white-space:pre-wrap;border-radius:.5rem}
ul{padding-left:1.2rem}a{color:#0f766e}details summary{cursor:pointer}@media(prefers-color-scheme:dark){
body{background:#171614;color:#e7e5e4}pre{background:#24211f}section{border-color:#44403c}a,b{color:#5eead4}}"""


def mount(app: FastAPI) -> None:
    """Complete the application's description, and show it at `/api`."""
    plain = app.openapi

    def description() -> dict[str, Any]:
        if app.openapi_schema is None:
            _complete(plain())
        return cast(dict[str, Any], app.openapi_schema)

    app.openapi = description

    @app.get("/api", include_in_schema=False, response_class=HTMLResponse)
    def page() -> HTMLResponse:
        return HTMLResponse(_page(app.openapi()))


def _complete(schema: dict[str, Any]) -> None:
    """Tell errors as they are told, and give examples."""
    schema["info"]["description"] = _ABOUT
    named = schema["components"]["schemas"]
    named["Error"] = _ERROR
    for name in ("HTTPValidationError", "ValidationError"):
        named.pop(name, None)
    for name, example in _EXAMPLES.items():
        named[name]["example"] = example
    for path, _, operation in _operations(schema):
        operation["responses"].pop("422", None)
        if not path.startswith(OPENAI):
            content = {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}
            operation["responses"] |= {
                status: {"description": said, "content": content}
                for status, said in (("4XX", "The request is refused"), ("5XX", "Not now, or an error of citewise"))
            }


def _operations(schema: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, operations in schema["paths"].items():
        for method, operation in operations.items():
            yield path, method.upper(), operation


def _page(schema: dict[str, Any]) -> str:
    sections = "".join(_section(schema, *operation) for operation in _operations(schema))
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>REST - citewise</title>'
        f'<meta name="viewport" content="width=device-width"><style>{_STYLE}</style></head><body><main>'
        f"<h1>citewise {escape(schema['info']['version'])}: REST</h1><p>{_prose(_ABOUT)}</p>"
        '<p>For programs: <a href="/api/openapi.json">OpenAPI description</a>. Models of other programs call the tools '
        "ask, search and read by MCP at <code>/mcp</code>. An error is <code>{&quot;error&quot;: ...}</code>, and in "
        f"OpenAI's form under <code>{OPENAI}</code>.</p>{sections}</main></body></html>"
    )


def _section(schema: dict[str, Any], path: str, method: str, operation: dict[str, Any]) -> str:
    parts = [f"<h2><b>{method}</b> <code>{escape(path)}</code></h2><p>{_prose(operation.get('description', ''))}</p>"]
    if fields := operation.get("parameters"):
        described = "".join(_field(schema, f["name"], f["schema"], f.get("required", False)) for f in fields)
        parts.append(f"<p>Parameters</p><ul>{described}</ul>")
    for kind, body in operation.get("requestBody", {}).get("content", {}).items():
        parts.append(f"<p>Body, <code>{escape(kind)}</code></p>{_fields(schema, body['schema'])}")
    for status, response in operation["responses"].items():
        answered = response.get("content", {}).get("application/json", {}).get("schema", {})
        if status.startswith("2") and (fields := _fields(schema, answered)):
            parts.append(f"<details><summary>Reply {escape(status)}</summary>{fields}</details>")
    return f"<section>{''.join(parts)}</section>"


def _fields(schema: dict[str, Any], of: dict[str, Any], within: tuple[str, ...] = ()) -> str:
    """Describe the fields of a schema, and of those it holds; one that holds itself is not opened again."""
    of, name = _resolved(schema, of)
    if name in within:
        return ""
    if of.get("type") == "array":
        return _fields(schema, of.get("items", {}), within)
    needed = of.get("required", ())
    inner = (*within, name) if name else within
    fields = (_field(schema, key, field, key in needed, inner) for key, field in of.get("properties", {}).items())
    described = "".join(fields)
    example = f"<pre>{escape(json.dumps(of['example'], indent=2))}</pre>" if "example" in of else ""
    said = f"<p>{_prose(of['description'])}</p>" if "description" in of and not within else ""
    return f"{said}{example}<ul>{described}</ul>" if described else ""


def _field(schema: dict[str, Any], name: str, field: dict[str, Any], needed: bool, within: tuple[str, ...] = ()) -> str:
    said = f": {_prose(field['description'])}" if "description" in field else ""
    kind = _kind(schema, field) + ("" if needed else ", optional")
    inner = "".join(_fields(schema, part, within) for part in (field, *field.get("anyOf", ())))
    return f"<li><code>{escape(name)}</code> ({escape(kind)}){said}{inner}</li>"


def _kind(schema: dict[str, Any], field: dict[str, Any]) -> str:
    """Name a schema's type in a word or two."""
    field, _ = _resolved(schema, field)
    if "anyOf" in field:
        return " or ".join(_kind(schema, part) for part in field["anyOf"])
    if field.get("type") == "array":
        return f"list of {_kind(schema, field.get('items', {}))}" if "items" in field else "list"
    return str(field.get("const", field.get("type", "anything")))


def _prose(text: str) -> str:
    """Escape a description; what stands in backquotes is code."""
    return re.sub("`([^`]+)`", r"<code>\1</code>", escape(text))


def _resolved(schema: dict[str, Any], of: dict[str, Any]) -> tuple[dict[str, Any], str]:
    name = of.get("$ref", "").rpartition("/")[2]
    return (schema["components"]["schemas"][name], name) if name else (of, "")
