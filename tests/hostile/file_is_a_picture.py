"""The file is a picture under the notebook's name."""

SOURCES = {}
OUTCOME = "held"
LOSES = ()
REASON = "its bytes are no UTF-8"


def damage(notebook):
    """The notebook as it is handed in."""
    return b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 40
