"""The file is a Python program under the notebook's name."""

SOURCES = {}
OUTCOME = "held"
LOSES = ()
REASON = "this is no notebook"


def damage(notebook):
    """The notebook as it is handed in."""
    return b"def count_table(n):\n    return 2**n - 1\n"
