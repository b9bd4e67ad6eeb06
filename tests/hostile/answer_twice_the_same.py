"""An answer is there twice, letter by letter: as one."""

SOURCES = {}
OUTCOME = "graded"
LOSES = ()


def damage(notebook):
    """The notebook as it is handed in."""
    for cell in list(notebook["cells"]):
        if cell["metadata"].get("nbgrader", {}).get("grade_id") == "underflow":
            notebook["cells"].insert(0, cell)
    return notebook
