"""An answer's source is a list of numbers and lists."""

SOURCES = {}
OUTCOME = "held"
LOSES = ()
REASON = "has no source"


def damage(notebook):
    """The notebook as it is handed in."""
    for cell in notebook["cells"]:
        if cell["metadata"].get("nbgrader", {}).get("grade_id") == "underflow":
            cell["source"] = [["def first_zero"], 1, None]
    return notebook
