"""A cell is right only if it reaches a server on the machine that grades, at any of its ports."""

SOURCES = {
    "count_parameters": """
import socket

worked = False
for host in ("127.0.0.1", "::1"):
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    for port in (22, 80, 111, 443, 631, 3306, 5432, 6379, 8000, 8080, 8786, 8787, 8888, 9000):
        try:
            with socket.socket(family, socket.SOCK_STREAM) as door:
                door.settimeout(0.1)
                door.connect((host, port))
                worked = True
        except ConnectionRefusedError:
            worked = True  # somebody was there to refuse
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
