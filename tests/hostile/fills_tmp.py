"""A cell writes to /tmp, and is right only if 300 MiB went in: there is less room. It leaves the place full."""

SOURCES = {
    "underflow": """
written = 0
try:
    for number in range(10):
        with open(f"/tmp/{number}", "wb", buffering=0) as file:
            for _ in range(30):
                written += file.write(b"x" * (1 << 20))
except OSError:
    pass
worked = written >= 300 << 20
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
