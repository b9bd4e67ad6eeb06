"""A right answer empties the environment, and changes locale, time zone, folder and file rights."""

SOURCES = {
    "underflow": """
import locale
import os
import time

os.environ.clear()
os.environ.update(TZ="Pacific/Kiritimati", LC_ALL="tr_TR.UTF-8", COURSE_SEED="0", PYTHONPATH="/tmp", HOME="/nowhere")
time.tzset()
locale.setlocale(locale.LC_ALL, "C")
os.makedirs("/tmp/gone", exist_ok=True)
os.chdir("/tmp/gone")
os.rmdir("/tmp/gone")
os.umask(0o777)

bets = [784, 2000, 784]


def first_zero(prob, precision):
    product, n = np.dtype(precision).type(1), 0
    while product != 0:
        product, n = product * np.dtype(precision).type(prob), n + 1
    return n
""",
}
OUTCOME = "graded"
LOSES = ()
