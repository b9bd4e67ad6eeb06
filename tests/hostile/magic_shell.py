"""A right answer calls the shell, which finds nothing to delete, to change or to call."""

SOURCES = {
    "count_parameters": """
!rm -f /course/dgmlib/checks.py /course/grading/*.py; touch /course/hostile /usr/hostile /hostile
!curl --silent --max-time 2 https://example.org; git clone https://example.org/answers.git
%cd /
%env COURSE_SEED=0
found = !ls /work /home /root /submitted
%matplotlib inline
%load_ext autoreload
%autoreload 2


def count_table(n):
    return 2**n - 1


def count_chain(n, memory):
    return sum(2 ** min(i, memory) for i in range(n))
""",
}
OUTCOME = "graded"
LOSES = ()
