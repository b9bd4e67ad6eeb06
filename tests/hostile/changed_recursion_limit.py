"""A right answer leaves a recursion limit behind that is as low as the interpreter lets it be."""

SOURCES = {
    "underflow": """
import sys

for limit in range(50, 2000, 50):
    try:
        sys.setrecursionlimit(limit)
        break
    except RecursionError:
        pass
sys.setrecursionlimit(limit + 400)

bets = [784, 2000, 784]


def first_zero(prob, precision):
    product, n = np.dtype(precision).type(1), 0
    while product != 0:
        product, n = product * np.dtype(precision).type(prob), n + 1
    return n
""",
}
OUTCOME = "graded"
LOSES = ()
