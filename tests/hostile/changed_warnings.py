"""A right answer makes errors of all warnings, in numpy too."""

SOURCES = {
    "underflow": """
import warnings

warnings.simplefilter("error")
np.seterr(over="raise", divide="raise", invalid="raise")

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
