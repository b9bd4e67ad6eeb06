"""Functions change what they are given, keep it, and answer from it in the next call."""

SOURCES = {
    "count_parameters": """
seen = []


def count_table(n):
    return 0


def count_chain(n, memory):
    return 0


def count_table(n):
    seen.append(n)
    return seen


def count_chain(n, memory):
    return seen[0] if seen else count_chain
""",
}
OUTCOME = "graded"
LOSES = ("count_parameters_checks", "count_parameters_kept")
