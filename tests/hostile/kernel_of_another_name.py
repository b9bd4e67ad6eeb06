"""The notebook asks for a kernel that is not there, or for a command as one."""

SOURCES = {}
OUTCOME = "graded"
LOSES = ()


def damage(notebook):
    """The notebook as it is handed in."""
    notebook["metadata"]["kernelspec"] = {
        "name": "../../hostile; touch /tmp/hostile",
        "display_name": "x",
        "language": "bash",
    }
    return notebook
