"""A cell waits for somebody to type, who is not there."""

SOURCES = {
    "count_parameters": """
secret = input("password of the instructor: ")


def count_table(n):
    return 2**n - 1


def count_chain(n, memory):
    return sum(2 ** min(i, memory) for i in range(n))
""",
}
OUTCOME = "graded"
LOSES = ("count_parameters_checks", "count_parameters_kept")
