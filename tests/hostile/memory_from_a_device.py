"""A cell reads a device that has no end: its process is ended for the memory that this takes."""

SOURCES = {
    "count_parameters": """
with open("/dev/zero", "rb") as zeros:
    pieces = []
    while len(pieces) < 80:
        pieces.append(bytearray(zeros.read(64 << 20)))


def count_table(n):
    return 2**n - 1


def count_chain(n, memory):
    return sum(2 ** min(i, memory) for i in range(n))
"""
}
OUTCOME = "graded"
LOSES = ("count_parameters_checks", "count_parameters_kept")
SECONDS = 60
