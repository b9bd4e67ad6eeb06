"""The file has 300 MiB of zeros, which take no room on a disk and much of it in memory."""

SOURCES = {}
OUTCOME = "held"
LOSES = ()
REASON = "more than 10 MiB"


def files(folder):
    """A file with a hole in the notebook's place."""
    with open(folder / "chain_rule.ipynb", "wb") as file:
        file.truncate(300 << 20)
