"""A right answer prints one line of 50 million letters, of which the first ones are kept."""

SOURCES = {
    "count_parameters": """
def count_table(n):
    return 2**n - 1


def count_chain(n, memory):
    return sum(2 ** min(i, memory) for i in range(n))


print("x" * 50_000_000)
""",
}
OUTCOME = "graded"
LOSES = ()
