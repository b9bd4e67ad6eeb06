"""Links lie beside the notebook: to a file of the machine, to a folder, to nothing, to themselves."""

SOURCES = {}
OUTCOME = "graded"
LOSES = ()


def files(folder):
    """What lies beside the notebook."""
    (folder / "passwd.txt").symlink_to("/etc/passwd")
    (folder / "everything").symlink_to("/")
    (folder / "parent").symlink_to("..")
    (folder / "nothing.csv").symlink_to("/nowhere/at/all")
    (folder / "loop").symlink_to("loop")
    (folder / "gradebook.db").symlink_to("../../../gradebook.db")
