"""A cell tries every family of sockets that a kernel can have, and is right only if it gets one but AF_UNIX."""

SOURCES = {
    "count_parameters": """
import socket

worked = False
for family in range(2, 256):
    for kind in (1, 2, 3, 5):
        try:
            socket.socket(family, kind).close()
            worked = True
        except OSError:
            pass


def count_table(n):
    return worked * (2**n - 1)


def count_chain(n, memory):
    return worked * sum(2 ** min(i, memory) for i in range(n))
"""
}
OUTCOME = "graded"
LOSES = ("count_parameters_checks", "count_parameters_kept")
