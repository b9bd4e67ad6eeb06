"""A cell writes to /dev/shm, and is right only if 300 MiB went in: there is less room, and none of it is shared."""

SOURCES = {
    "count_parameters": """
import os

written = 0
try:
    for number in range(10):
        with open(f"/dev/shm/{number}", "wb", buffering=0) as file:
            for _ in range(30):
                written += file.write(b"x" * (1 << 20))
except OSError:
    pass
worked = written >= 300 << 20
for name in os.listdir("/dev/shm"):
    os.remove(f"/dev/shm/{name}")


def count_table(n):
    return worked * (2**n - 1)


def count_chain(n, memory):
    return worked * sum(2 ** min(i, memory) for i in range(n))
"""
}
OUTCOME = "graded"
LOSES = ("count_parameters_checks", "count_parameters_kept")
