"""A cell keeps descriptors open, and is right only if it could have 5,000 of them."""

SOURCES = {
    "count_parameters": """
import os

held = []
try:
    while len(held) < 5000:
        held.append(os.open("/dev/null", os.O_RDONLY))
except OSError:
    pass
worked = len(held) == 5000
for descriptor in held:
    os.close(descriptor)


def count_table(n):
    return worked * (2**n - 1)


def count_chain(n, memory):
    return worked * sum(2 ** min(i, memory) for i in range(n))
"""
}
OUTCOME = "graded"
LOSES = ("count_parameters_checks", "count_parameters_kept")
