"""An answer holds half a letter, which no file can be written with."""

SOURCES = {}
OUTCOME = "held"
LOSES = ()
REASON = "characters that are no text"


def damage(notebook):
    """The notebook as it is handed in."""
    for cell in notebook["cells"]:
        if cell["metadata"].get("nbgrader", {}).get("grade_id") == "count_parameters":
            cell["source"] = "# \ud800\n" + "".join(cell["source"])
    return notebook
