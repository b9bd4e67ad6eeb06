"""A cell's name is a list; a name with a path, one with a script, and an empty one stand beside it."""

SOURCES = {}
OUTCOME = "graded"
LOSES = ("underflow_checks", "underflow_kept")


def damage(notebook):
    """The notebook as it is handed in."""
    names = iter(["../../gradebook.db", "<script>alert(1)</script>", "", {"a": 1}])
    for cell in notebook["cells"]:
        about = cell["metadata"].get("nbgrader", {})
        if about.get("grade_id") == "underflow":
            about["grade_id"] = ["underflow"]
        elif about.get("grade_id", "").endswith("_kept"):
            about["grade_id"] = next(names, "x")
    return notebook
