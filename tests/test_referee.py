"""A submission judged from outside: who runs what, and what becomes of code that ends, loops or lies."""

import json
import os

import pytest
from stations import job

from grading.referee import Station, as_outputs, in_a_fork

RIGHT = "def double(x):\n    return 2 * x"
CHECK = "assert double(21) == 42, f'double(21): expected 42, came {double(21)}'"


@pytest.fixture(scope="module")
def station():
    with Station() as made:
        yield made


def passed(result):
    assert "error" not in result, result
    return {name: cell["passed"] for name, cell in result["cells"].items() if cell["role"] == "check"}


def words(cell):
    return " ".join(o.get("text", "") + o.get("evalue", "") + str(o.get("data", "")) for o in cell["outputs"])


def test_a_right_answer_passes_and_a_wrong_one_is_told_what_came(station):
    one = station.grade(job(("a", "answer", RIGHT), ("check", "check", CHECK), names="double"))
    two = station.grade(job(("a", "answer", RIGHT.replace("2", "3")), ("check", "check", CHECK), names="double"))
    assert (passed(one), passed(two)) == ({"check": True}, {"check": False})
    assert "expected 42, came 63" in words(two["cells"]["check"])


def test_what_was_not_written_is_no_name(station):
    result = station.grade(job(("a", "answer", "# nothing"), ("check", "check", CHECK), names="double"))
    assert passed(result) == {"check": False}
    assert "name 'double' is not defined" in words(result["cells"]["check"])


def test_given_cells_run_on_both_sides_and_answers_on_the_students_alone(station):
    cells = [
        ("given", "given", "import os\nbase = 2"),
        ("a", "answer", "base = 5\nhere = os.getpid()\ndef double(x):\n    return base * x"),
        ("check", "check", "assert base == 2 and double(1) == 5 and here != os.getpid()"),
    ]
    assert passed(station.grade(job(*cells, names="double here"))) == {"check": True}


def test_checks_draw_from_a_seed_that_answers_cannot_see(station):
    cells = [
        ("a", "answer", "import os\nfrom dgmlib.checks import fresh_questions\nimport torch\n"
         "def guess():\n    return torch.rand(4, generator=fresh_questions('x')), dict(os.environ)"),
        ("check", "check", "import torch\nfrom dgmlib.checks import fresh_questions\n"
         "mine = torch.rand(4, generator=fresh_questions('x'))\ntheirs, seen = guess()\n"
         "assert not torch.equal(mine, theirs)\nassert 'COURSE_SEED' not in seen and 'spring' not in str(seen)\n"
         "print(mine.tolist())"),
    ]  # fmt: skip
    results = [station.grade(job(*cells, names="guess", seed=seed)) for seed in ("spring", "spring", "autumn")]
    assert [passed(result) for result in results] == [{"check": True}] * 3
    said = [words(result["cells"]["check"]) for result in results]
    assert said[0] == said[1] != said[2]


@pytest.mark.parametrize(
    ("source", "why"),
    [
        ("import os\nos._exit(3)", "ended with code 3"),
        ("import ctypes\nctypes.string_at(0)", "ended with code 139"),
        ("import os, signal\nos.kill(os.getpid(), signal.SIGKILL)", "ended with code 137"),
        ("while True:\n    try:\n        while True: pass\n    except BaseException: pass", "took more than 3 seconds"),
        ("x = []\nwhile True: x.append(bytearray(b'1' * (1 << 24)))", "MiB of memory"),
    ],
)
def test_a_cell_that_ends_its_process_costs_itself_alone(station, source, why):
    cells = [
        ("a", "answer", RIGHT), ("check_a", "check", CHECK), ("b", "answer", source + "\nlast = 1"),
        ("check_b", "check", "assert last == 1"), ("again", "check", CHECK),
    ]  # fmt: skip
    limits = {"cell_seconds": 120 if "memory" in why else 3}  # a busy machine fills memory slowly
    result = station.grade(job(*cells, names="double last", **limits))
    assert passed(result) == {"check_a": True, "check_b": False, "again": True}
    assert why in words(result["cells"]["b"])


def test_a_function_that_never_returns_costs_the_checks_that_ask_it(station):
    cells = [
        ("a", "answer", RIGHT), ("b", "answer", "def loop():\n    while True: pass"),
        ("check_b", "check", "loop()"), ("check_a", "check", CHECK),
    ]  # fmt: skip
    result = station.grade(job(*cells, names="double loop", cell_seconds=2))
    assert passed(result) == {"check_b": False, "check_a": True}
    assert "took more than 2 seconds" in words(result["cells"]["check_b"])


def test_a_check_that_a_dead_process_would_please_does_not_pass(station):
    cells = [
        ("a", "answer", "import os\ndef refuse(x):\n    os._exit(0)"),
        ("check", "check", "try:\n    refuse(1)\nexcept Exception:\n    pass"),
    ]
    assert passed(station.grade(job(*cells, names="refuse"))) == {"check": False}


def test_a_notebook_has_a_time_of_its_own(station):
    cells = [("a", "answer", "import time\ntime.sleep(3)"), ("b", "answer", RIGHT), ("check", "check", CHECK)]
    result = station.grade(job(*cells, names="double", notebook_seconds=2))
    assert passed(result) == {"check": False}
    assert "as a whole took too long" in words(result["cells"]["check"])


def test_an_endless_gift_does_not_keep_the_referee(station):
    cells = [
        ("a", "answer", "import itertools\ndef gift():\n    return itertools.count()"),
        ("check", "check", "sum(gift())"),
    ]
    result = station.grade(job(*cells, names="gift", cell_seconds=2))
    assert passed(result) == {"check": False}


def test_outputs_are_text_pictures_and_errors_alone(station):
    loud = (
        "import sys, matplotlib.pyplot as plt\nfrom IPython.display import HTML, Javascript, display\nprint('out')\n"
        "print('err', file=sys.stderr)\ndisplay(HTML('<script>alert(1)</script>'), Javascript('alert(2)'))\n"
        "import os; os.write(2, b'from C')\nplt.plot([1, 2]); plt.show()\n1 / 0"
    )
    result = station.grade(job(("a", "answer", loud)))
    outputs = result["cells"]["a"]["outputs"]
    assert {o["output_type"] for o in outputs} == {"stream", "display_data", "error"}
    assert {kind for o in outputs for kind in o.get("data", {})} == {"text/plain", "image/png"}
    said = words(result["cells"]["a"])
    assert all(w in said for w in ("out\n", "err\n", "from C", "division by zero"))
    assert "<script>" not in said
    assert all(o["name"] == "stdout" for o in outputs if o["output_type"] == "stream")


def test_a_flood_is_cut(station):
    cells = [("a", "answer", "for i in range(10**5): print('x' * 1000)\nx = 'y' * 10**7\nx"), ("b", "answer", RIGHT)]
    result = station.grade(job(*cells, ("check", "check", CHECK), names="double"))
    assert passed(result) == {"check": True}
    assert len(json.dumps(result)) < 300_000


def test_a_students_generator_state_is_set_for_each_call(station):
    cells = [
        ("a", "answer", "import torch, random\nimport numpy as np\n"
         "def draw():\n    return torch.rand(3), np.random.rand(3), random.random()"),
        ("check", "check", "first, second = draw(), draw()\nassert str(first) != str(second)\nprint(first, second)"),
    ]  # fmt: skip
    one, two = (station.grade(job(*cells, names="draw", seed="s")) for _ in range(2))
    assert passed(one) == {"check": True}
    assert one["cells"]["check"]["outputs"] == two["cells"]["check"]["outputs"]


def test_a_given_cell_that_fails_here_is_our_fault(station):
    result = station.grade(job(("given", "given", "1 / 0")))
    assert "the given cell given fails on the referee's side" in result["error"]
    assert passed(station.grade(job(("a", "answer", RIGHT), ("check", "check", CHECK), names="double"))) == {
        "check": True
    }


def test_what_a_check_does_to_its_process_is_gone_with_it(station):
    cells = [("c", "check", "import torch, os\ntorch.set_default_dtype(torch.float64)\nos.environ['X'] = '1'")]
    assert passed(station.grade(job(*cells))) == {"c": True}
    cells = [
        ("c", "check", "import torch, os\nassert torch.get_default_dtype() == torch.float32 and 'X' not in os.environ")
    ]
    assert passed(station.grade(job(*cells))) == {"c": True}


@pytest.mark.parametrize(
    "told",
    [
        None,
        7,
        "text",
        [7],
        [["text"]],
        [["text", 7]],
        [["value", "x", "<b>"]],
        [["html", "<b>"]],
        [["error", "E", "w", [1]]],
    ],
)
def test_an_account_that_is_none_shows_nothing(told):
    assert as_outputs(told) == []


def test_only_what_is_a_picture_is_shown_as_one():
    (output,) = as_outputs([["value", "x", b"<svg onload=alert(1)>"]])
    assert output["data"] == {"text/plain": "x"}


def test_a_fork_that_dies_or_hangs_is_an_error():
    assert in_a_fork(lambda: {"fine": 1}, 10) == {"fine": 1}
    assert in_a_fork(lambda: os._exit(0), 10) == {"error": "the referee gave no result"}
    assert in_a_fork(lambda: 1 / 0, 10) == {"error": "ZeroDivisionError: division by zero"}
    assert in_a_fork(lambda: __import__("time").sleep(100), 0.3) == {"error": "the referee gave no result"}
