"""A right answer asks for a thousand threads."""

SOURCES = {
    "underflow": """
torch.set_num_threads(1000)

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
