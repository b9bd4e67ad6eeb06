"""Files with names that shells, pages and archives trip over lie beside the notebook."""

import os

SOURCES = {}
OUTCOME = "graded"
LOSES = ()


def files(folder):
    """What lies beside the notebook."""
    for name in (
        "-rf",
        "; touch hostile",
        "$(touch hostile)",
        "a\nb",
        "<script>alert(1)<",
        "\u202etxt.exe",
        "x" * 255,
        " ",
        "*",
    ):
        (folder / name).write_text("x")
    (folder / os.fsdecode(b"\xff\xfe")).write_text("x")
