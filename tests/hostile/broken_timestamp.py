"""The time of handing in is no time."""

SOURCES = {}
OUTCOME = "graded"
LOSES = ()


def files(folder):
    """What lies beside the notebook."""
    (folder / "timestamp.txt").write_text("the day before yesterday " * 1000)
