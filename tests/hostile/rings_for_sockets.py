"""A cell asks for the kernel's ring of requests, through which sockets open unseen by a filter of calls."""

SOURCES = {
    "count_parameters": """
import ctypes

libc = ctypes.CDLL(None, use_errno=True)
parameters = ctypes.create_string_buffer(256)
worked = libc.syscall(425, 4, parameters) >= 0  # io_uring_setup, the same number on every machine


def count_table(n):
    return worked * (2**n - 1)


def count_chain(n, memory):
    return worked * sum(2 ** min(i, memory) for i in range(n))
"""
}
OUTCOME = "graded"
LOSES = ("count_parameters_checks", "count_parameters_kept")
