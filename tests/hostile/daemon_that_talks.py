"""A daemon that a cell leaves behind writes to the connection for as long as it lives: it spoils its own student's."""

SOURCES = {
    "underflow": """
import os
import socket
import time

bets = [784, 2000, 784]


def first_zero(prob, precision):
    return 108


if os.fork() == 0:
    os.setsid()
    lines = []
    for name in os.listdir("/proc/self/fd"):
        try:
            lines.append(socket.socket(fileno=int(name)))
        except OSError:
            pass
    while True:
        for line in lines:
            line.sendall(b"108")
        time.sleep(0.001)
"""
}
OUTCOME = "graded"
LOSES = ("underflow_checks", "underflow_kept")
SECONDS = 10
