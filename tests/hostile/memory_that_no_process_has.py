"""A cell asks for memory that belongs to no process, in the ways that Linux has, and is right only if it gets some."""

SOURCES = {
    "count_parameters": """
import ctypes
import os

libc = ctypes.CDLL(None, use_errno=True)
worked = libc.shmget(0, 64 << 20, 0o1600) != -1 or libc.msgget(0, 0o1600) != -1
try:
    worked = os.memfd_create("hoard") > 0 or worked
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
