"""A right answer installs handlers for signals, timers that ring, and ignores the end of its children."""

SOURCES = {
    "count_parameters": """
import signal

for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1, signal.SIGCHLD, signal.SIGALRM, signal.SIGINT):
    signal.signal(number, signal.SIG_IGN)
signal.setitimer(signal.ITIMER_REAL, 0.01, 0.01)


def count_table(n):
    return 2**n - 1


def count_chain(n, memory):
    return sum(2 ** min(i, memory) for i in range(n))
""",
}
OUTCOME = "graded"
LOSES = ()
