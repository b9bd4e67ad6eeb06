"""The notebook has a second cell of an answer's name, with another answer: nobody guesses which one counts."""

SOURCES = {}
OUTCOME = "held"
LOSES = ()
REASON = "two different cells named underflow"


def damage(notebook):
    """The notebook as it is handed in."""
    for cell in list(notebook["cells"]):
        if cell["metadata"].get("nbgrader", {}).get("grade_id") == "underflow":
            notebook["cells"].append(
                {**cell, "id": "second", "source": "def first_zero(prob, precision):\n    return 0"}
            )
    return notebook
