"""A cell lifts its own limits, and is right only if one of them gave way."""

SOURCES = {
    "count_parameters": """
import resource

worked = False
for name in ("AS", "NPROC", "FSIZE", "NOFILE", "CPU", "CORE", "MEMLOCK", "MSGQUEUE"):
    number = getattr(resource, f"RLIMIT_{name}")
    soft, hard = resource.getrlimit(number)
    try:
        resource.setrlimit(number, (hard + 1, hard + 1) if hard >= 0 else (hard, hard))
        worked = True
    except (OSError, ValueError):
        pass


def count_table(n):
    return worked * (2**n - 1)


def count_chain(n, memory):
    return worked * sum(2 ** min(i, memory) for i in range(n))
"""
}
OUTCOME = "graded"
LOSES = ("count_parameters_checks", "count_parameters_kept")
