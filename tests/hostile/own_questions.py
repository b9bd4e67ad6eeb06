"""A cell replaces the source of random questions by one that always asks the same."""

SOURCES = {
    "count_parameters": """
import dgmlib.checks


def fresh_questions(name):
    return torch.Generator().manual_seed(0)


dgmlib.checks.fresh_questions = fresh_questions


def count_table(n):
    return 0


def count_chain(n, memory):
    return 0
""",
}
OUTCOME = "graded"
LOSES = ("count_parameters_checks", "count_parameters_kept")
