"""A right answer leaves a few threads behind that compute, print and raise for as long as they live."""

SOURCES = {
    "count_parameters": """
import threading
import time


def stay():
    for count in range(10**9):
        time.sleep(0.01)
        print("still here", count)


for _ in range(3):
    threading.Thread(target=stay).start()
threading.Thread(target=lambda: 1 / 0).start()


def count_table(n):
    return 2**n - 1


def count_chain(n, memory):
    return sum(2 ** min(i, memory) for i in range(n))
""",
}
OUTCOME = "graded"
LOSES = ()
