"""A cell is right only if it can write a setting of the kernel, each with the value that it has."""

SOURCES = {
    "count_parameters": """
import glob
import os

worked = False
for path in ["/proc/sys/kernel/pid_max", "/proc/sys/vm/overcommit_memory", "/proc/sys/kernel/hostname",
             "/proc/sys/fs/file-max", "/proc/self/uid_map", "/proc/1/oom_score_adj", *glob.glob("/sys/fs/cgroup/*")]:
    try:
        with open(path, "r+") as file:
            value = file.read()
            file.seek(0)
            file.write(value or "0 0 1")
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
