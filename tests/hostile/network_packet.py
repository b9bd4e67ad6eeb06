"""A cell is right only if it gets a socket for raw packets."""

SOURCES = {
    "count_parameters": """
import socket

worked = False
for family, kind, protocol in ((17, socket.SOCK_RAW, 0x0300), (17, socket.SOCK_DGRAM, 0x0300), (2, socket.SOCK_RAW, 1)):
    try:
        socket.socket(family, kind, protocol).close()
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
