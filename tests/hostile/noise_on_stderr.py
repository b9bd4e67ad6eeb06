"""A right answer warns, logs and draws a progress bar on stderr, which is nothing to lose points for."""

SOURCES = {
    "count_parameters": """
import logging
import sys
import time
import warnings

from tqdm import tqdm


def count_table(n):
    return 2**n - 1


def count_chain(n, memory):
    return sum(2 ** min(i, memory) for i in range(n))


def count_table(n):
    warnings.warn("overflow in count_table", RuntimeWarning)
    logging.getLogger().error("no error at all")
    for _ in tqdm(range(3)):
        time.sleep(0.001)
    print("Traceback (most recent call last):", file=sys.stderr)
    return 2**n - 1


count_table(3)
""",
}
OUTCOME = "graded"
LOSES = ()
