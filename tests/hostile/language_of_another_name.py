"""The notebook says that it is written in R, with an extension and a lexer of its own."""

SOURCES = {}
OUTCOME = "graded"
LOSES = ()


def damage(notebook):
    """The notebook as it is handed in."""
    notebook["metadata"]["language_info"] = {"name": "R", "file_extension": "/../../x.sh", "pygments_lexer": "<script>"}
    notebook["metadata"]["kernelspec"] = {"name": "ir", "display_name": "R", "language": "R"}
    return notebook
