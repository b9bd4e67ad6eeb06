"""A cell is right only if it can make a child whose memory it may rewrite from outside."""

SOURCES = {
    "count_parameters": """
import ctypes
import os

libc = ctypes.CDLL(None, use_errno=True)
pid = os.fork()
if pid == 0:
    os._exit(0 if libc.ptrace(0, 0, None, None) == 0 else 1)  # trace me
_, status = os.waitpid(pid, 0)
worked = status == 0


def count_table(n):
    return worked * (2**n - 1)


def count_chain(n, memory):
    return worked * sum(2 ** min(i, memory) for i in range(n))
"""
}
OUTCOME = "graded"
LOSES = ("count_parameters_checks", "count_parameters_kept")
