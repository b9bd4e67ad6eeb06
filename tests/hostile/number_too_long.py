"""The notebook holds a number of a hundred thousand digits, which takes long to read."""

import json

SOURCES = {}
OUTCOME = "held"
LOSES = ()
REASON = "a number that is none"


def damage(notebook):
    """The notebook as it is handed in."""
    return json.dumps(notebook).replace("{", '{"x": ' + "9" * 100_000 + ", ", 1).encode()
