"""A cell finds the connection and closes it, without an error that its own process could see."""

SOURCES = {
    "count_parameters": """
import os
import socket
import struct

lines = []
for name in os.listdir("/proc/self/fd"):
    try:
        if int(name) > 2 and os.readlink(f"/proc/self/fd/{name}").startswith("socket:"):
            lines.append(socket.socket(fileno=int(name)))
    except OSError:
        pass


def count_table(n):
    return 0


def count_chain(n, memory):
    return 0


for line in lines:
    line.shutdown(socket.SHUT_RDWR)
    line.close()
""",
}
OUTCOME = "graded"
LOSES = ("count_parameters_checks", "count_parameters_kept")
