"""An answer has 300,000 characters."""

SOURCES = {}
OUTCOME = "held"
LOSES = ()
REASON = "more than 200000 characters"


def damage(notebook):
    """The notebook as it is handed in."""
    for cell in notebook["cells"]:
        if cell["metadata"].get("nbgrader", {}).get("grade_id") == "underflow":
            cell["source"] = "".join(cell["source"]) + "\n# more" * 50_000
    return notebook
