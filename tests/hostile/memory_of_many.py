"""A cell has ten children take 512 MiB each: no single process is large, and all of them together are ended."""

SOURCES = {
    "count_parameters": """
import os
import time

for _ in range(10):
    if os.fork() == 0:
        hoard = b"x" * (512 << 20)
        time.sleep(3000)
        os._exit(0)
for _ in range(10):
    os.wait()


def count_table(n):
    return 2**n - 1


def count_chain(n, memory):
    return sum(2 ** min(i, memory) for i in range(n))
"""
}
OUTCOME = "graded"
LOSES = ("count_parameters_checks", "count_parameters_kept")
SECONDS = 30
