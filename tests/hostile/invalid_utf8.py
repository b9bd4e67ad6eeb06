"""The notebook holds bytes that are no UTF-8."""

import json

SOURCES = {}
OUTCOME = "held"
LOSES = ()
REASON = "its bytes are no UTF-8"


def damage(notebook):
    """The notebook as it is handed in."""
    return json.dumps(notebook, ensure_ascii=False).encode().replace(b"chain", b"ch\xe4in", 1)
