"""A cell is right only if a descriptor was left open for it through which a folder or another's file is reached."""

SOURCES = {
    "count_parameters": """
import os
import stat

worked = False
for descriptor in range(3, 1024):
    try:
        about, target = os.fstat(descriptor), os.readlink(f"/proc/self/fd/{descriptor}")
    except OSError:
        continue
    if target.startswith("/") and not target.startswith(("/proc", "/tmp", "/dev/null", "/dev/urandom")):
        worked = True
    if stat.S_ISDIR(about.st_mode) and not target.startswith("/proc"):
        worked = True


def count_table(n):
    return worked * (2**n - 1)


def count_chain(n, memory):
    return worked * sum(2 ** min(i, memory) for i in range(n))
"""
}
OUTCOME = "graded"
LOSES = ("count_parameters_checks", "count_parameters_kept")
