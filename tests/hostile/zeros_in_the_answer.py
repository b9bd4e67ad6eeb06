"""An answer holds a zero byte, at which some readers stop and others don't."""

SOURCES = {}
OUTCOME = "held"
LOSES = ()
REASON = "characters that are no text"


def damage(notebook):
    """The notebook as it is handed in."""
    for cell in notebook["cells"]:
        if cell["metadata"].get("nbgrader", {}).get("grade_id") == "underflow":
            cell["source"] = "".join(cell["source"]) + "\0\n"
    return notebook
