"""The file ends in the middle, as after a full disk: it is held, and says so."""

import json

SOURCES = {}
OUTCOME = "held"
LOSES = ()
REASON = "this is no notebook"


def damage(notebook):
    """The notebook as it is handed in."""
    data = json.dumps(notebook).encode()
    return data[: len(data) // 2]
