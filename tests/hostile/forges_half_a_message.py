"""A cell finds the connection and begins a message that never goes on."""

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
    line.sendall(struct.pack(">II", 1000, 0) + b"[")
while True:
    pass
""",
}
OUTCOME = "graded"
LOSES = ("count_parameters_checks", "count_parameters_kept")
SECONDS = 5
