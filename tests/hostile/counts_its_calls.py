"""A function is right as often as the published checks call it, and wrong from then on."""

SOURCES = {
    "count_parameters": """
calls = 0


def count_table(n):
    return 2**n - 1


def count_chain(n, memory):
    global calls
    calls += 1
    return sum(2 ** min(i, memory) for i in range(n)) if calls <= 3 else 0
""",
}
OUTCOME = "graded"
LOSES = ("count_parameters_kept",)
