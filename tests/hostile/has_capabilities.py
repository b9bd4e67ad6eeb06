"""A cell is right only if any capability is left to it, or could be had by a program that it starts."""

SOURCES = {
    "count_parameters": """
worked = False
with open("/proc/self/status") as status:
    for row in status:
        name, _, value = row.partition(":")
        if name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
            worked = worked or int(value, 16) != 0
        if name in ("NoNewPrivs", "Seccomp"):
            worked = worked or int(value) == 0


def count_table(n):
    return worked * (2**n - 1)


def count_chain(n, memory):
    return worked * sum(2 ** min(i, memory) for i in range(n))
"""
}
OUTCOME = "graded"
LOSES = ("count_parameters_checks", "count_parameters_kept")
