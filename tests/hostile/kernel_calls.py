"""A cell is right only if the kernel lets it load programs, keep keys, count events or serve page faults."""

SOURCES = {
    "count_parameters": """
import ctypes
import platform

calls = {  # bpf, perf_event_open, userfaultfd, keyctl
    "x86_64": ((321, 0), (298, 0), (323, 0), (250, 0, -3, 1)),
    "aarch64": ((280, 0), (241, 0), (282, 0), (219, 0, -3, 1)),
}
libc = ctypes.CDLL(None, use_errno=True)
room = ctypes.create_string_buffer(256)
worked = False
for number, first, *more in calls.get(platform.machine(), ()):
    arguments = [ctypes.c_long(value) for value in more] or [room, ctypes.c_long(64)]
    if number in (298, 241):
        arguments = [ctypes.c_long(-1), ctypes.c_long(-1), ctypes.c_long(0)]
        first = room
    worked = libc.syscall(number, first, *arguments) >= 0 or worked


def count_table(n):
    return worked * (2**n - 1)


def count_chain(n, memory):
    return worked * sum(2 ** min(i, memory) for i in range(n))
"""
}
OUTCOME = "graded"
LOSES = ("count_parameters_checks", "count_parameters_kept")
