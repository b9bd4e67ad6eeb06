"""An answer's cell has lost its source."""

SOURCES = {}
OUTCOME = "held"
LOSES = ()
REASON = "has no source"


def damage(notebook):
    """The notebook as it is handed in."""
    for cell in notebook["cells"]:
        if cell["metadata"].get("nbgrader", {}).get("grade_id") == "underflow":
            del cell["source"]
    return notebook
