"""The notebook says that it is of version 3, and has cells as version 4 has them."""

SOURCES = {}
OUTCOME = "held"
LOSES = ()
REASON = "a notebook of version 3"


def damage(notebook):
    """The notebook as it is handed in."""
    return {**notebook, "nbformat": 3}
