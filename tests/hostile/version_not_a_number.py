"""The notebook says that its version is NaN."""

SOURCES = {}
OUTCOME = "held"
LOSES = ()
REASON = "a notebook of version nan"


def damage(notebook):
    """The notebook as it is handed in."""
    return {**notebook, "nbformat": float("nan")}
