"""A cell starts one operation of C code that runs for ages and listens to nobody: a power with 800 million digits."""

SOURCES = {
    "count_parameters": """
def count_table(n):
    return 2**n - 1


def count_chain(n, memory):
    return sum(2 ** min(i, memory) for i in range(n))


exponent = 10**9
number = 7**exponent
"""
}
OUTCOME = "graded"
LOSES = ("count_parameters_checks", "count_parameters_kept")
SECONDS = 5
