"""A cell looks everywhere for a gradebook or a ledger, and is right only if it finds one."""

SOURCES = {
    "count_parameters": """
import os

worked = False
for folder, folders, names in os.walk("/"):
    if folder == "/":
        folders[:] = [name for name in folders if name not in ("proc", "sys")]
    if folder.endswith("site-packages"):  # nbgrader's own examples are among the packages
        folders.clear()
    worked = worked or "ledger" in folders
    worked = worked or any(name.endswith((".db", ".sqlite", ".sqlite3")) and "grade" in name for name in names)


def count_table(n):
    return worked * (2**n - 1)


def count_chain(n, memory):
    return worked * sum(2 ** min(i, memory) for i in range(n))
"""
}
OUTCOME = "graded"
LOSES = ("count_parameters_checks", "count_parameters_kept")
