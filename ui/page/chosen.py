"""Which documents a question may be answered from, as the page's script `chosen.js` sends it along."""

from pydantic import TypeAdapter, ValidationError

from index.errors import CitewiseError

_NAMES = TypeAdapter(list[str])


def sources_of(chosen: str) -> list[str] | None:
    """Return the chosen documents' names out of a JSON list; nothing chosen means all of them, None.

    Raises:
        CitewiseError: it is not a list of names.
    """
    if not chosen:
        return None
    try:
        return _NAMES.validate_json(chosen)
    except ValidationError as error:
        raise CitewiseError("the choice of documents did not arrive whole: load the page again") from error
