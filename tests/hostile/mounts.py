"""A cell is right only if it can mount something, unmount what hides the rest, or look behind it."""

SOURCES = {
    "count_parameters": """
import ctypes
import os

libc = ctypes.CDLL(None, use_errno=True)
os.makedirs("/tmp/here", exist_ok=True)
worked = False
for arguments in (
    (b"tmpfs", b"/tmp/here", b"tmpfs", 0, None),
    (b"proc", b"/tmp/here", b"proc", 0, None),
    (b"/", b"/tmp/here", None, 4096 | 16384, None),  # bind
    (b"none", b"/", None, 32, None),  # remount, writable
):
    worked = libc.mount(*arguments) == 0 or worked
for place in (b"/tmp/here", b"/proc", b"/tmp", b"/course"):
    worked = libc.umount2(place, 2) == 0 or worked


def count_table(n):
    return worked * (2**n - 1)


def count_chain(n, memory):
    return worked * sum(2 ** min(i, memory) for i in range(n))
"""
}
OUTCOME = "graded"
LOSES = ("count_parameters_checks", "count_parameters_kept")
