"""The explanation holds half a letter, which no page of feedback can be written with."""

SOURCES = {}
OUTCOME = "held"
LOSES = ()
REASON = "characters that are no text"


def damage(notebook):
    """The notebook as it is handed in."""
    for cell in notebook["cells"]:
        if cell["metadata"].get("nbgrader", {}).get("grade_id") == "why_factorise":
            cell["source"] = "Because \udfff."
    return notebook
