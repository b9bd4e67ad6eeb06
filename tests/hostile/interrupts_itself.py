"""A cell with right functions ends in KeyboardInterrupt, which is no Exception: it shows, and all points stay."""

SOURCES = {
    "count_parameters": """
def count_table(n):
    return 2**n - 1


def count_chain(n, memory):
    return sum(2 ** min(i, memory) for i in range(n))


raise KeyboardInterrupt
"""
}
OUTCOME = "graded"
LOSES = ()
