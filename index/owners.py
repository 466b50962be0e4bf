"""Whose a document is: everybody's, or one person's alone.

The owner stands in the document's id, and so in the id of each of its passages: whatever is found or asked for by id
can be told from the id itself, and no list of documents has to be carried along.
"""

EVERYBODY = ""
_MARK = "-"


def owned(identity: str, owner: str) -> str:
    """Return a document's id with its owner in it; `owner` is made of letters and digits, or empty for everybody."""
    return f"{identity}{_MARK}{owner}" if owner else identity


def owner_of(identity: str) -> str:
    """Return the owner of a document or of a passage by its id."""
    return identity.partition(".")[0].partition(_MARK)[2]


def sees(person: str, identity: str) -> bool:
    """Tell whether a person may know of a document or a passage; who is not named sees what is everybody's."""
    return owner_of(identity) in (EVERYBODY, person)


def checked(person: str) -> str:
    """Return the name of an owner that ids can carry, or raise ValueError."""
    if person and not (person.isascii() and person.isalnum()):
        raise ValueError(f"{person!r} can't own documents: an owner is made of letters and digits")
    return person
