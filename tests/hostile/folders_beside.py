"""Folders lie beside the notebook, 200 deep."""

SOURCES = {}
OUTCOME = "graded"
LOSES = ()


def files(folder):
    """What lies beside the notebook."""
    deep = folder
    for _ in range(200):
        deep = deep / "deep"
        deep.mkdir()
