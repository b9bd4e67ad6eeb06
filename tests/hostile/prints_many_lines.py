"""A right answer prints 30,000 lines, of which the first ones are kept: it costs no points."""

SOURCES = {
    "count_parameters": """
def count_table(n):
    return 2**n - 1


def count_chain(n, memory):
    return sum(2 ** min(i, memory) for i in range(n))


for i in range(30_000):
    print("line", i)
""",
}
OUTCOME = "graded"
LOSES = ()
