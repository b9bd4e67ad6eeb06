"""A check is renamed to the answer above it, so that a cell of the student's takes its place."""

SOURCES = {}
OUTCOME = "held"
LOSES = ()
REASON = "two different cells named count_parameters"


def damage(notebook):
    """The notebook as it is handed in."""
    for cell in notebook["cells"]:
        about = cell["metadata"].get("nbgrader", {})
        if about.get("grade_id") == "count_parameters_checks":
            about["grade_id"] = "count_parameters"
    return notebook
