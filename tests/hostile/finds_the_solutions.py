"""A cell searches the file system for the solution's name and words, and is right only if it is there."""

SOURCES = {
    "count_parameters": """
import os

begin = " ".join(["BEGIN", "HIDDEN", "TESTS"])
worked = False
for folder, folders, names in os.walk("/"):
    if folder == "/":
        folders[:] = [name for name in folders if name not in ("proc", "sys")]
    for name in names:
        if name.startswith("chain_rule."):
            worked = True
        if name.endswith((".ipynb", ".json", ".db")) or folder.startswith(("/course", "/tmp")):
            try:
                with open(os.path.join(folder, name), encoding="utf-8", errors="replace") as file:
                    text = file.read(1 << 20)
            except OSError:
                continue
            worked = worked or (begin in text and "count_chain" in text)


def count_table(n):
    return worked * (2**n - 1)


def count_chain(n, memory):
    return worked * sum(2 ** min(i, memory) for i in range(n))
"""
}
OUTCOME = "graded"
LOSES = ("count_parameters_checks", "count_parameters_kept")
