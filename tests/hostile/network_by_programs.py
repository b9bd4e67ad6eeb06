"""A cell has other programs fetch the answer, and is right only if one of them could."""

SOURCES = {
    "count_parameters": """
import shutil
import subprocess
import sys

code = "import socket; socket.socket().bind(('0.0.0.0', 0))"
commands = [[sys.executable, "-c", code]]
if shutil.which("bash"):
    commands.append(["bash", "-c", "exec 3<>/dev/udp/192.0.2.1/9"])
if shutil.which("ping"):
    commands.append(["ping", "-c", "1", "-W", "1", "127.0.0.1"])
worked = any(subprocess.run(words, capture_output=True).returncode == 0 for words in commands)


def count_table(n):
    return worked * (2**n - 1)


def count_chain(n, memory):
    return worked * sum(2 ** min(i, memory) for i in range(n))
"""
}
OUTCOME = "graded"
LOSES = ("count_parameters_checks", "count_parameters_kept")
