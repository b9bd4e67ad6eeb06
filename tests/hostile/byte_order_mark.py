"""The notebook begins with a mark of byte order, as some editors write it."""

import json

SOURCES = {}
OUTCOME = "graded"
LOSES = ()


def damage(notebook):
    """The notebook as it is handed in."""
    return b"\xef\xbb\xbf" + json.dumps(notebook).encode()
