"""No cell says in which version its metadata are, nor which checksum it had."""

SOURCES = {}
OUTCOME = "graded"
LOSES = ()


def damage(notebook):
    """The notebook as it is handed in."""
    for cell in notebook["cells"]:
        cell["metadata"].get("nbgrader", {}).pop("schema_version", None)
        cell["metadata"].get("nbgrader", {}).pop("checksum", None)
    return notebook
