"""The notebook says that it is of version 99."""

SOURCES = {}
OUTCOME = "held"
LOSES = ()
REASON = "a notebook of version 99"


def damage(notebook):
    """The notebook as it is handed in."""
    return {**notebook, "nbformat": 99}
