"""A right answer ends in an error whose message has 20 million letters."""

SOURCES = {
    "count_parameters": """
def count_table(n):
    return 2**n - 1


def count_chain(n, memory):
    return sum(2 ** min(i, memory) for i in range(n))


raise ValueError("x" * 20_000_000)
""",
}
OUTCOME = "graded"
LOSES = ()
