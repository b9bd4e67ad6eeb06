"""A cell is right only if it can import the grader's modules beyond those that it answers with, or its tests."""

SOURCES = {
    "count_parameters": """
import importlib

worked = False
names = ("referee", "standin", "transplant", "ledger", "intake", "course", "answers", "case", "settings")
for name in [*(f"grading.{name}" for name in names), "tests.answers.chain_rule", "answers.chain_rule"]:
    try:
        importlib.import_module(name)
        worked = True
    except ImportError:
        pass


def count_table(n):
    return worked * (2**n - 1)


def count_chain(n, memory):
    return worked * sum(2 ** min(i, memory) for i in range(n))
"""
}
OUTCOME = "graded"
LOSES = ("count_parameters_checks", "count_parameters_kept")
