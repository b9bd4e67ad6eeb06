"""The notebook is written in UTF-16."""

import json

SOURCES = {}
OUTCOME = "held"
LOSES = ()
REASON = "its bytes are no UTF-8"


def damage(notebook):
    """The notebook as it is handed in."""
    return json.dumps(notebook).encode("utf-16")
