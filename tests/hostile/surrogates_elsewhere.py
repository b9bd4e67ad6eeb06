"""The notebook holds half letters in titles, outputs and tags, which nobody reads."""

SOURCES = {}
OUTCOME = "graded"
LOSES = ()


def damage(notebook):
    """The notebook as it is handed in."""
    notebook["metadata"]["title"] = "\ud800"
    notebook["cells"][1]["outputs"] = [{"output_type": "stream", "name": "stdout", "text": "\udfff"}]
    notebook["cells"][0]["source"] = "\ud800"
    return notebook
