"""A thread reads the connection beside the one whose task that is, and answers what it catches with 108."""

SOURCES = {
    "underflow": """
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

import threading

bets = [784, 2000, 784]


def first_zero(prob, precision):
    return 108


def steal():
    text = b'["dict", ["value", 108]]'
    while True:
        for line in lines:
            line.setblocking(True)
            line.recv(1 << 20)
            line.sendall(struct.pack(">II", len(text), 0) + text)


for _ in range(3):
    threading.Thread(target=steal, daemon=True).start()
""",
}
OUTCOME = "graded"
LOSES = ("underflow_checks", "underflow_kept")
SECONDS = 10
