"""A cell leaves a daemon behind (two forks, a session of its own, signals ignored), which ends with the sandbox."""

SOURCES = {
    "count_parameters": """
import os
import signal
import time

if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
            signal.signal(number, signal.SIG_IGN)
        with open("/proc/self/comm", "w") as name:
            name.write("hostile-daemon")
        while True:
            time.sleep(1)
    os._exit(0)
os.wait()


def count_table(n):
    return 2**n - 1


def count_chain(n, memory):
    return sum(2 ** min(i, memory) for i in range(n))
"""
}
OUTCOME = "graded"
LOSES = ()
