"""A cell looks for other students' work, and is right only if it finds their folder or a notebook in it."""

SOURCES = {
    "count_parameters": """
import os

worked = False
for folder, folders, names in os.walk("/"):
    if folder == "/":
        folders[:] = [name for name in folders if name not in ("proc", "sys")]
    if folder.endswith("site-packages"):  # where nbgrader has examples of its own
        folders.clear()
    worked = worked or bool({"submitted", "autograded", "feedback", "chain_rule"} & set(folders))
    worked = worked or "timestamp.txt" in names


def count_table(n):
    return worked * (2**n - 1)


def count_chain(n, memory):
    return worked * sum(2 ** min(i, memory) for i in range(n))
"""
}
OUTCOME = "graded"
LOSES = ("count_parameters_checks", "count_parameters_kept")
