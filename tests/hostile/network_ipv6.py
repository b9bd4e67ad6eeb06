"""A cell is right only if it gets a socket of the Internet's sixth version, which is easily forgotten."""

SOURCES = {
    "count_parameters": """
import socket

worked = False
for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
    try:
        with socket.socket(socket.AF_INET6, kind) as door:
            door.bind(("::", 0))
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
