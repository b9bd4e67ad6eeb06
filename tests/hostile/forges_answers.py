"""A cell writes well-formed answers ahead of their questions: whatever they answer, it is wrong."""

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

import json

bets = [784, 2000, 784]


def first_zero(prob, precision):
    return 108


for line in lines:
    account = ["list", ["list"], True, 1, 0.1]
    for value in (account, ["dict", ["bets", ["list", 1, 2, 3]]], 108, 15, 108, 108):
        text = json.dumps(["dict", ["value", value]]).encode()
        line.sendall(struct.pack(">II", len(text), 0) + text)
""",
}
OUTCOME = "graded"
LOSES = ("underflow_checks", "underflow_kept")
SECONDS = 10
