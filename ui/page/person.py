"""Whose page it is: Gradio answers events in tasks of its own, so each is told again who sent it."""

from typing import TYPE_CHECKING, Any

from ..service import acting_as

if TYPE_CHECKING:
    import gradio as gr


def blocks(**how: Any) -> "gr.Blocks":
    """Return Gradio's Blocks, whose events run for the person that the door let in."""
    import gradio as gr

    class Blocks(gr.Blocks):
        async def process_api(self, *given: Any, request: Any = None, **more: Any) -> Any:
            with acting_as(getattr(getattr(request, "state", None), "person", "")):
                return await super().process_api(*given, request=request, **more)

    return Blocks(**how)
