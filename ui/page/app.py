"""The chat page: a Gradio app over the shared Chatbot: its parts, and what happens on each event.

What an answer says is `chat.py`'s, its HTML `markup.py`'s; `assets/` holds looks and scripts, which go through REST.
Gradio is imported inside functions, after `service.quiet()` has turned its analytics off.
"""

from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from index.errors import CitewiseError

from ..asking import Asked, person_of
from ..conversations import UnknownConversation
from ..people.pages import SIGN_OUT
from ..service import MAX_QUESTION, Service, quiet
from . import markup, person
from .chat import Shown, respond, show
from .loading import loading

if TYPE_CHECKING:
    import gradio as gr
    from fastapi import FastAPI
    from gradio.themes import Base

ASSETS = Path(__file__).parent / "assets"
STYLES = (
    *("page.css", "chat.css", "answers.css", "conversations.css", "documents.css", "evidence.css", "pane.css"),
    "comfort.css",
)
SCRIPTS = (
    *("common.js", "chat.js", "answers.js", "why.js", "conversations.js", "evidence.js"),
    *("documents.js", "dropping.js", "uploading.js", "adding.js", "listing.js", "card.js", "chosen.js"),
    "comfort.js",
    "page.js",
)
CONCURRENT = 64
"""How many answers are written at a time; Gradio's own default is one."""
_EXAMPLES = 4
_PATIENCE = 1.0
"""Seconds that a conversation which is opened waits for its last answer."""
_FONT = ("ui-sans-serif", "system-ui", "-apple-system", "Segoe UI", "Roboto", "Ubuntu", "sans-serif")
_MONO = ("ui-monospace", "SFMono-Regular", "Menlo", "Consolas", "monospace")
_TITLE = """<div class="cw-title"><h1>citewise</h1>
<p>Ask your own documents. Every answer quotes them, word for word.</p></div>"""
_WELCOME = "### What would you like to know?\nAnswers come only from your documents, in their own words."
_NO_DOCUMENTS = "### Add a document to begin\nDrop files on the panel of documents. They stay on this computer."
_PANEL = "import(new URL('citewise/page.js', document.baseURI)).then((it) => it.begin(element, trigger))"

_TALKS = "import(new URL('citewise/conversations.js', document.baseURI)).then((it) => it.begin(element, trigger))"
_TELL = "(id) => { window.dispatchEvent(new CustomEvent('cw-conversation', { detail: id })); }"
_HERE = "(_, tab) => [window.location.hash.slice(1), tab]"


def mount(app: "FastAPI", service: Service) -> None:
    """Put the chat page at the root of a web application."""
    quiet()
    with loading():
        import gradio as gr
    from fastapi.responses import FileResponse
    from starlette.exceptions import HTTPException

    @app.get("/citewise/{name}", include_in_schema=False)
    def script(name: str) -> FileResponse:
        if name not in SCRIPTS:
            raise HTTPException(404, "there is nothing at this address")
        return FileResponse(ASSETS / name, media_type="text/javascript")

    page = _page(service)
    page.queue(default_concurrency_limit=CONCURRENT, api_open=False)
    gr.mount_gradio_app(
        app,
        page,
        path="/",
        theme=_theme(),
        css_paths=[ASSETS / name for name in STYLES],
        footer_links=[],
        run_history=False,
        show_error=False,
        ssr_mode=False,
        enable_monitoring=False,
        mcp_server=False,
        max_file_size=service.max_upload,
        favicon_path=str(ASSETS / "icon.svg"),
    )


def _theme() -> "Base":
    from gradio import themes

    theme = themes.Base(primary_hue="teal", neutral_hue="stone", radius_size="lg", font=_FONT, font_mono=_MONO)
    return theme.set(
        body_background_fill="#faf9f7",
        body_background_fill_dark="#171614",
        block_border_width="0px",
        block_background_fill="transparent",
        block_background_fill_dark="transparent",
        block_shadow="none",
        input_background_fill="#ffffff",
        input_background_fill_dark="#211f1d",
        input_border_width="1px",
        button_primary_background_fill="*primary_700",
        button_primary_background_fill_hover="*primary_800",
        button_primary_background_fill_dark="*primary_700",
        button_primary_text_color="#ffffff",
    )


def _page(service: Service) -> "gr.Blocks":
    import gradio as gr

    with person.blocks(title="citewise", analytics_enabled=False, fill_height=True) as page:
        with gr.Row(elem_id="cw-layout"):
            with gr.Column(elem_id="cw-side", scale=0, min_width=0):
                gr.HTML(_TITLE)
                talks = gr.HTML(elem_id="cw-conversations", js_on_load=_TALKS)
                panel = gr.HTML(elem_id="cw-documents", js_on_load=_PANEL)
                if service.people and service.people.asked_for():
                    gr.HTML(SIGN_OUT)
            with gr.Column(elem_id="cw-main", scale=1, min_width=0):
                chat = _chat()
                chosen = gr.Textbox(visible="hidden", elem_id="cw-chosen")  # filled by chosen.js
                with gr.Row(elem_id="cw-ask"):
                    box = _question_box()
                    new = gr.Button("New chat", scale=0, min_width=0, elem_id="cw-new")
                identity = gr.Textbox(visible="hidden", label="Conversation")
        parts = {"identity": identity, "talks": talks, "chat": chat, "box": box, "new": new, "documents": panel}
        parts["chosen"] = chosen
        _wire(service, page, parts)
    return page


def _wire(service: Service, page: "gr.Blocks", parts: dict[str, Any]) -> None:
    """Say what happens on each event of the page."""
    import gradio as gr

    def submit(question: str, identity: str, chosen: str, tab: Tab, request: gr.Request) -> Iterator[Any]:
        asked = Asked(person_of(request), identity, question)
        yield from _shown(tab, respond(service, asked, chosen) if question.strip() else ())

    def ask_example(identity: str, chosen: str, tab: Tab, example: gr.SelectData, request: gr.Request) -> Iterator[Any]:
        asked = Asked(person_of(request), identity, str(example.value["text"]))
        yield from _shown(tab, respond(service, asked, chosen))

    def ask(identity: str, chosen: str, tab: Tab, event: gr.EventData, request: gr.Request) -> Iterator[Any]:
        asked = Asked(person_of(request), identity, str(event.question), again=bool(event.again))
        yield from _shown(tab, respond(service, asked, chosen))

    def open_one(tab: Tab, event: gr.EventData, request: gr.Request) -> Any:
        return _opened(service, tab, person_of(request), str(event.conversation))

    def reload(identity: str, tab: Tab, request: gr.Request) -> Any:
        return _opened(service, tab, person_of(request), identity)

    def stop(identity: str, tab: Tab, request: gr.Request) -> Any:
        service.conversations.stop(person_of(request), identity)
        return _opened(service, tab, person_of(request), identity)

    identity, talks, chat, box, chosen = (parts[name] for name in ("identity", "talks", "chat", "box", "chosen"))
    limits: dict[str, Any] = {"concurrency_limit": CONCURRENT, "show_progress": "hidden", "trigger_mode": "multiple"}
    limits["api_visibility"] = "private"  # programs have REST
    shown, tab = [chat, identity, box], gr.State({"shows": ""})
    for event in (
        box.submit(submit, [box, identity, chosen, tab], shown, **limits),
        chat.example_select(ask_example, [identity, chosen, tab], shown, **limits),
        talks.submit(ask, [identity, chosen, tab], shown, **limits),
    ):
        event.then(None, [identity], None, js=_TELL, **limits)
    box.stop(stop, [identity, tab], shown, **limits)
    talks.select(open_one, [tab], shown, **limits)
    parts["new"].click(_nothing, [tab], shown, **limits)
    identity.change(None, [identity], None, js=_TELL, **limits)
    page.load(reload, [identity, tab], shown, js=_HERE, **limits)
    for event in (page.load, parts["documents"].submit):
        event(partial(_welcome, service), None, chat, **limits)


Tab = dict[str, str]
"""Which conversation one tab shows: an answer goes on when another one is opened, and must not come in over that."""


def _shown(tab: Tab, steps: Iterable[Shown]) -> Iterator[tuple[Any, ...]]:
    """Yield what the parts show at each step of an answer; while it is written, the box stops it."""
    import gradio as gr

    for number, (messages, identity, writing) in enumerate(steps):
        if number == 0:
            tab["shows"] = identity
        if tab["shows"] == identity:
            yield messages, identity, _box(writing, emptied=number == 0)
        else:
            yield gr.skip(), gr.skip(), gr.skip()


def _opened(service: Service, tab: Tab, person: str, identity: str) -> tuple[Any, ...]:
    """Show a conversation; one that is gone is a new chat."""
    if not identity:
        return _nothing(tab)
    try:
        kept = service.conversations
        tab["shows"] = identity
        kept.wait(identity, _PATIENCE)
        return show(service, kept.get(person, identity)), identity, _box(kept.is_answering(identity))
    except UnknownConversation:
        return _nothing(tab)
    except CitewiseError as error:
        return [{"role": "assistant", "content": markup.error_html(str(error))}], "", _box(False)


def _nothing(tab: Tab) -> tuple[Any, ...]:
    tab["shows"] = ""
    return [], "", _box(False)


def _box(writing: bool, emptied: bool = False) -> "gr.Textbox":
    """Let the question box ask or stop; what somebody types meanwhile stays."""
    import gradio as gr

    if emptied:
        return gr.Textbox(value="", submit_btn=not writing, stop_btn=writing)
    return gr.Textbox(submit_btn=not writing, stop_btn=writing)


def _question_box() -> "gr.Textbox":
    import gradio as gr

    return gr.Textbox(
        placeholder="Ask your documents",
        label="Your question",
        show_label=False,
        container=False,
        max_lines=6,
        max_length=MAX_QUESTION,
        submit_btn=True,
        autofocus=True,
        min_width=0,
    )


def _chat() -> "gr.Chatbot":
    import gradio as gr

    return gr.Chatbot(
        show_label=False,
        label="Conversation",
        elem_id="cw-chat",
        scale=1,
        height="100%",
        autoscroll=False,  # chat.js brings each new question to the top instead
        layout="panel",
        buttons=[],
        feedback_options=None,
        sanitize_html=True,
        allow_tags=False,
        latex_delimiters=[],
        group_consecutive_messages=False,
        allow_file_downloads=False,
        placeholder=_WELCOME,
    )


def _welcome(service: Service) -> "gr.Chatbot":
    """Offer example questions out of the documents, or say how to begin."""
    import gradio as gr

    try:
        questions = service.bot.examples(_EXAMPLES)
        empty = not questions and not service.bot.index.documents()
    except CitewiseError as error:
        return gr.Chatbot(placeholder=markup.error_html(str(error)), examples=[])
    examples: list[Any] = [{"text": question} for question in questions]
    return gr.Chatbot(placeholder=_NO_DOCUMENTS if empty else _WELCOME, examples=examples)
