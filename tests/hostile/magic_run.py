"""A right answer is written to a file and run from there, in the folder that it may write to."""

SOURCES = {
    "count_parameters": r"""
from pathlib import Path

Path("answer.py").write_text("def count_table(n):\n    return 2**n - 1\n")
%run answer.py


def count_chain(n, memory):
    return sum(2 ** min(i, memory) for i in range(n))
""",
}
OUTCOME = "graded"
LOSES = ()
