"""A cell makes empty files, and is right only if it could make 50,000: their number is bounded, too."""

SOURCES = {
    "underflow": """
made = 0
try:
    while made < 50_000:
        open(f"/tmp/empty-{made}", "x").close()
        made += 1
except OSError:
    pass
worked = made == 50_000
bets = [784, 2000, 784]


def first_zero(prob, precision):
    product, n = np.dtype(precision).type(1), 0
    while product != 0:
        product, n = product * np.dtype(precision).type(prob), n + 1
    return worked * n
"""
}
OUTCOME = "graded"
LOSES = ("underflow_checks", "underflow_kept")
