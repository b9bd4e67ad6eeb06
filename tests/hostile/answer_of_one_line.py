"""An answer has a line of 100,000 characters, on which highlighters of code take for ever."""

SOURCES = {}
OUTCOME = "held"
LOSES = ()
REASON = "a line of more than 20000"


def damage(notebook):
    """The notebook as it is handed in."""
    for cell in notebook["cells"]:
        if cell["metadata"].get("nbgrader", {}).get("grade_id") == "underflow":
            cell["source"] = "".join(cell["source"]) + "\nx = '" + "(" * 100_000 + "'"
    return notebook
