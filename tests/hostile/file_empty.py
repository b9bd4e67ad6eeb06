"""The file is empty, as after a copy that was interrupted."""

SOURCES = {}
OUTCOME = "held"
LOSES = ()
REASON = "this is no notebook"


def damage(notebook):
    """The notebook as it is handed in."""
    return b""
