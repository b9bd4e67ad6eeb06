"""A cell is right only if it can type a command into the terminal that the grader was started from."""

SOURCES = {
    "count_parameters": """
import fcntl
import os
import termios

worked = False
for name in ("/dev/tty", "/dev/console", "/dev/tty0", "/proc/1/fd/0", "/proc/1/fd/2"):
    try:
        terminal = os.open(name, os.O_RDWR | os.O_NOCTTY)
        fcntl.ioctl(terminal, termios.TIOCSTI, b" ")
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
