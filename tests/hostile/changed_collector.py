"""A right answer switches garbage collection off, lowers its own priority and holds on to the interpreter."""

SOURCES = {
    "count_parameters": """
import gc
import os
import sys

gc.disable()
os.nice(5)
sys.setswitchinterval(100)


def count_table(n):
    return 2**n - 1


def count_chain(n, memory):
    return sum(2 ** min(i, memory) for i in range(n))
""",
}
OUTCOME = "graded"
LOSES = ()
