"""A right answer writes past Python to the descriptors of its outputs, as libraries and programs do."""

SOURCES = {
    "count_parameters": """
import os
import subprocess


def count_table(n):
    return 2**n - 1


def count_chain(n, memory):
    return sum(2 ** min(i, memory) for i in range(n))


try:
    for _ in range(40):
        os.write(1, b"x" * (1 << 20))
        os.write(2, b"y" * (1 << 20))
except OSError:
    pass
subprocess.run("yes | head -c 20000000", shell=True)
""",
}
OUTCOME = "graded"
LOSES = ()
