"""A cell takes 5 GiB and defines right functions after that: it does not get so far."""

SOURCES = {
    "count_parameters": """
hoard = [bytes([i]) * (64 << 20) for i in range(80)]


def count_table(n):
    return 2**n - 1


def count_chain(n, memory):
    return sum(2 ** min(i, memory) for i in range(n))
"""
}
OUTCOME = "graded"
LOSES = ("count_parameters_checks", "count_parameters_kept")
