"""A cell starts threads, and is right only if a thousand of them ran at the same time: the limit is below that."""

SOURCES = {
    "underflow": """
import threading

enough, threads = threading.Event(), []
threading.stack_size(1 << 16)
try:
    while len(threads) < 1000:
        thread = threading.Thread(target=enough.wait, daemon=True)
        thread.start()
        threads.append(thread)
except RuntimeError:
    pass
worked = len(threads) == 1000
enough.set()
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
