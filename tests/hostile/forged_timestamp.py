"""The time of handing in is written as long ago, before any deadline: a mark does not depend on it."""

SOURCES = {}
OUTCOME = "graded"
LOSES = ()


def files(folder):
    """What lies beside the notebook."""
    (folder / "timestamp.txt").write_text("1970-01-01 00:00:00.000000 UTC")
