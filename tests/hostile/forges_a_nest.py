"""A cell finds the connection and sends JSON that is nested half a million deep."""

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
    text = b"[" * 500_000 + b"]" * 500_000
    line.sendall(struct.pack(">II", len(text), 0) + text)
""",
}
OUTCOME = "graded"
LOSES = ("count_parameters_checks", "count_parameters_kept")
SECONDS = 10
