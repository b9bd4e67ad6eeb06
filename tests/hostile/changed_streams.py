"""A right answer closes its standard streams and puts nothing in their place."""

SOURCES = {
    "underflow": """
import os
import sys

bets = [784, 2000, 784]


def first_zero(prob, precision):
    product, n = np.dtype(precision).type(1), 0
    while product != 0:
        product, n = product * np.dtype(precision).type(prob), n + 1
    return n


for stream in (sys.stdin, sys.stdout, sys.stderr, sys.__stdin__, sys.__stdout__, sys.__stderr__):
    try:
        stream.close()
    except Exception:
        pass
for descriptor in (0, 1, 2):
    os.close(descriptor)
sys.stdin = sys.stdout = sys.stderr = sys.__stdout__ = sys.__stderr__ = None
""",
}
OUTCOME = "graded"
LOSES = ()
