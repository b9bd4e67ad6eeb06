"""The notebook has 11 MiB, most of it in an output."""

SOURCES = {}
OUTCOME = "held"
LOSES = ()
REASON = "more than 10 MiB"


def damage(notebook):
    """The notebook as it is handed in."""
    notebook["cells"][1]["outputs"] = [{"output_type": "stream", "name": "stdout", "text": "x" * (11 << 20)}]
    return notebook
