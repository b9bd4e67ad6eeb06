"""The time of handing in is a link to a file of the machine."""

SOURCES = {}
OUTCOME = "graded"
LOSES = ()


def files(folder):
    """What lies beside the notebook."""
    (folder / "timestamp.txt").unlink(missing_ok=True)
    (folder / "timestamp.txt").symlink_to("/etc/passwd")
