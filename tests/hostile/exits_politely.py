"""A cell with right functions calls sys.exit, which in a notebook ends the cell and nothing else: all points stay."""

SOURCES = {
    "count_parameters": """
import sys


def count_table(n):
    return 2**n - 1


def count_chain(n, memory):
    return sum(2 ** min(i, memory) for i in range(n))


sys.exit("done")
""",
    "underflow": """
bets = [784, 2000, 784]


def first_zero(prob, precision):
    product, n = np.dtype(precision).type(1), 0
    while product != 0:
        product, n = product * np.dtype(precision).type(prob), n + 1
    return n


quit()
""",
}
OUTCOME = "graded"
LOSES = ()
