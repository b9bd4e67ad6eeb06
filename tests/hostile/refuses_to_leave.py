"""A cell registers endless work for the end of the process, in every way that there is: it is ended from outside."""

SOURCES = {
    "count_parameters": """
import atexit
import threading
import time


def stay():
    while True:
        time.sleep(0.1)


class Clinging:
    def __del__(self):
        stay()


atexit.register(stay)
threading.Thread(target=stay).start()
clinging = Clinging()
del stay


def count_table(n):
    return 2**n - 1


def count_chain(n, memory):
    return sum(2 ** min(i, memory) for i in range(n))
"""
}
OUTCOME = "graded"
LOSES = ()
