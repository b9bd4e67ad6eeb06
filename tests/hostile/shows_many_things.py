"""A right answer displays 3,000 objects, of which the first ones are kept."""

SOURCES = {
    "count_parameters": """
def count_table(n):
    return 2**n - 1


def count_chain(n, memory):
    return sum(2 ** min(i, memory) for i in range(n))


from IPython.display import display

for i in range(3000):
    display(i)
""",
}
OUTCOME = "graded"
LOSES = ()
