"""The notebook's metadata are nested 100,000 deep."""

import json

SOURCES = {}
OUTCOME = "held"
LOSES = ()
REASON = "nested too deep"


def damage(notebook):
    """The notebook as it is handed in."""
    text = json.dumps(notebook)
    return text.replace('"metadata": {', '"metadata": {"x": ' + "[" * 100_000 + "]" * 100_000 + ", ", 1).encode()
