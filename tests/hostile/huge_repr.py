"""A right answer ends in an object whose representation has 50 million letters."""

SOURCES = {
    "count_parameters": """
def count_table(n):
    return 2**n - 1


def count_chain(n, memory):
    return sum(2 ** min(i, memory) for i in range(n))


class Long:
    def __repr__(self):
        return "x" * 50_000_000


Long()
""",
}
OUTCOME = "graded"
LOSES = ()
