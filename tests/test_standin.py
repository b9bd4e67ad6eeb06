"""A student's functions, asked from a process that does not have their code."""

import random
import socket
import threading

import numpy as np
import pytest
import torch

from dgmlib.checks import close_to, looks_only_back
from grading.servant import Servant
from grading.standin import StandIn, Student, StudentError
from grading.wire import Line

ANSWERS = """
import torch

def double(x):
    return 2 * x

def swap(a, b=1):
    return {"first": b, "rest": (a, [a, b])}

def nothing(x):
    pass

def apply(f, x):
    return f(x)

def count():
    yield from range(3)

def wrong(kind):
    raise kind if isinstance(kind, BaseException) else {"key": KeyError, "exit": SystemExit, "own": Own}[kind]("words")

class Own(IndexError):
    pass

class Model:
    name = "mine"

    def __init__(self, size):
        self.weight = torch.arange(float(size))

    def __call__(self, x):
        return self.weight * x

    def __len__(self):
        return len(self.weight)

    def __getitem__(self, i):
        return self.weight[i]

def log_prob(p, x):
    return p.log()[x]

def partly(x):
    return (3 * x[0]).detach(), x[1] ** 2, x[0] + x[1], 7

def huge():
    return torch.zeros(1).expand(40_000_000)

def noise():
    return torch.rand(3)

limit = 3.5
"""


@pytest.fixture
def student():
    """A student whose answers are run by another thread at the other end of a line."""
    ours, theirs = socket.socketpair()
    namespace = {}
    exec(compile(ANSWERS, "answers", "exec"), namespace)
    servant = threading.Thread(target=Servant(Line(theirs), namespace).serve)
    servant.start()
    student = Student(Line(ours), seconds=20, seed="s")
    yield student
    student.end()
    servant.join()
    ours.close(), theirs.close()


@pytest.fixture
def found(student):
    names = [
        "double",
        "swap",
        "nothing",
        "apply",
        "count",
        "wrong",
        "Model",
        "log_prob",
        "partly",
        "noise",
        "huge",
        "limit",
    ]
    return student.names([*names, "no_such"])


def test_names_are_values_or_stand_ins(found):
    assert "no_such" not in found
    assert found["limit"] == 3.5
    assert isinstance(found["double"], StandIn)
    assert repr(found["double"]) == "<your function>"


def test_a_call_takes_and_gives_plain_data(found):
    assert found["double"](2) == 4
    assert found["swap"]("a", b=None) == {"first": None, "rest": ("a", ["a", None])}
    assert found["nothing"](1) is None
    assert torch.equal(found["double"](torch.arange(3)), 2 * torch.arange(3))
    assert np.array_equal(found["double"](np.arange(3)), 2 * np.arange(3))


def test_objects_stay_and_can_be_asked(found):
    model = found["Model"](3)
    assert isinstance(model, StandIn)
    assert model.name == "mine"
    assert len(model) == 3
    assert model[1] == torch.tensor(1.0)
    assert torch.equal(model(2.0), torch.tensor([0.0, 2.0, 4.0]))
    assert torch.equal(model.weight, torch.arange(3.0))
    with pytest.raises(AttributeError, match="no attribute 'missing'"):
        _ = model.missing
    with pytest.raises(TypeError, match="a check set the attribute 'weight'"):
        model.weight = 1


def test_what_is_theirs_may_go_back_to_them(found):
    assert found["apply"](found["double"], 4) == 8
    with pytest.raises(TypeError, match="builtin_function_or_method: wanted numbers"):
        found["apply"](abs, 4)
    assert found["double"](1) == 2  # that was the check's mistake, and the line is as it was


def test_generators_are_drawn_one_by_one(found):
    assert list(found["count"]()) == [0, 1, 2]
    numbers = found["count"]()
    assert (next(numbers), next(numbers), next(numbers), next(numbers, "no more")) == (0, 1, 2, "no more")


@pytest.mark.parametrize(("kind", "is_a"), [("key", KeyError), ("own", IndexError), ("exit", StudentError)])
def test_errors_are_of_the_class_that_they_had_and_of_ours(found, kind, is_a):
    with pytest.raises(is_a) as caught:
        found["wrong"](kind)
    assert isinstance(caught.value, StudentError)
    assert "words" in str(caught.value) and "in wrong, line" in str(caught.value)
    assert found["double"](1) == 2


def test_what_can_not_be_judged_is_an_error_of_theirs(found):
    with pytest.raises(ValueError, match="can't be judged: more than 64 MiB of tensors"):
        found["huge"]()


def test_gradients_are_those_of_the_same_function_here(found):
    namespace = {}
    exec(compile(ANSWERS, "answers", "exec"), namespace)
    p = torch.tensor([0.2, 0.3, 0.5], dtype=torch.float64, requires_grad=True)
    x = torch.tensor([2, 0, 2])
    found["log_prob"](p, x).sum().backward()
    there, p.grad = p.grad, None
    namespace["log_prob"](p, x).sum().backward()
    close_to(there, p.grad, "the gradient")
    assert torch.autograd.gradcheck(lambda p: found["log_prob"](p, x), p)


def test_gradients_of_a_part_reach_a_part(found):
    x = [
        torch.tensor(2.0, requires_grad=True),
        torch.tensor(3.0, requires_grad=True),
        torch.tensor(1.0, requires_grad=True),
    ]
    detached, square, total, number = found["partly"](x)
    assert (detached.item(), square.item(), total.item(), number) == (6, 9, 5, 7)
    assert not detached.requires_grad
    (square + 10 * total).backward()
    assert (x[0].grad, x[1].grad, x[2].grad) == (10, 16, None)


def test_nothing_is_kept_where_no_gradient_is_wanted(found):
    x = torch.ones(2, requires_grad=True)
    with torch.no_grad():
        assert not found["double"](x).requires_grad
    assert found["double"](x).requires_grad
    assert not found["double"](x.detach()).requires_grad


def test_a_gradient_is_no_function_to_differentiate_again(found):
    p = torch.tensor([0.5, 0.5], requires_grad=True)
    (gradient,) = torch.autograd.grad(found["log_prob"](p, 0), p, create_graph=True)
    with pytest.raises(RuntimeError, match="does not require grad"):
        gradient.sum().backward()


def test_checks_of_the_course_work_on_stand_ins(found):
    looks_only_back(lambda x: x.double().cumsum(1) - x.double(), torch.randint(2, (4, 5)), "a sum of what came before")
    with pytest.raises(AssertionError):
        looks_only_back(found["double"], torch.randint(2, (4, 5)), "what came")


def test_each_call_has_random_numbers_of_its_own_and_again_the_same(student, found):
    state = torch.get_rng_state(), random.getstate()
    first, second = found["noise"](), found["noise"]()
    assert not torch.equal(first, second)
    student.calls = 0
    assert torch.equal(found["noise"](), first)
    torch.set_rng_state(state[0]), random.setstate(state[1])


# ----------------------------------------------------------------------------------------- one who answers with malice


@pytest.fixture
def answering():
    """Make a student at whose end each question gets the next of some answers, whatever it was."""
    opened = []

    def start(*answers):
        ours, theirs = socket.socketpair()

        def serve():
            line = Line(theirs)
            for answer in answers:
                line.receive(lambda reference: reference)
                if isinstance(answer, bytes):
                    theirs.sendall(answer)
                else:
                    line.send(answer)
            theirs.close()

        thread = threading.Thread(target=serve)
        thread.start()
        opened.append((ours, theirs, thread))
        return Student(Line(ours), seconds=5)

    yield start
    for ours, theirs, thread in opened:
        ours.close(), thread.join(), theirs.close()


@pytest.mark.parametrize(
    "answer",
    [
        [1],
        {"value": 1, "error": []},
        {"error": ["ValueError"]},
        {"error": "ValueError", "text": "a", "at": "b"},
        {"error": [], "text": 1, "at": "b"},
        None,
        b"garbage that is no message",
        b"",
    ],
)
def test_what_is_no_answer_ends_the_conversation(answering, answer):
    student = answering(answer)
    with pytest.raises(StudentError, match="your code gave no answer"):
        student.ask("names", names=[])
    with pytest.raises(StudentError, match="can't be asked any more"):
        student.ask("names", names=[])


@pytest.mark.parametrize(
    "classes", [["KeyboardInterrupt"], ["SystemExit"], ["BaseException"], ["__import__"], [1], ["x"]]
)
def test_an_error_of_another_kind_is_an_ordinary_one(answering, classes):
    student = answering({"error": classes, "text": "t" * 5000, "at": ""})
    with pytest.raises(StudentError) as caught:
        student.ask("names", names=[])
    assert type(caught.value) is StudentError and len(str(caught.value)) <= 1000


def test_names_that_nobody_asked_for_are_refused(answering):
    with pytest.raises(StudentError, match="no list of names"):
        answering({"value": {"close_to": 1}}).names(["log_prob"])
    with pytest.raises(StudentError, match="no list of names"):
        answering({"value": [1]}).names(["log_prob"])


@pytest.mark.parametrize(
    "gradients", [None, [], [1], [torch.zeros(3)], [torch.zeros(2, dtype=torch.float64)], [None, None]]
)
def test_gradients_of_another_form_are_refused(answering, gradients):
    x = torch.ones(2, dtype=torch.float32, requires_grad=True)
    student = answering({"value": torch.ones(2, requires_grad=True)}, {"value": gradients})
    y = student.call(StandIn(student, (0, "function")), (x,), {})
    with pytest.raises(StudentError, match="no gradients"):
        y.sum().backward()
    assert x.grad is None


def test_a_length_that_is_none_is_refused(answering):
    student = answering({"value": -1}, {"value": "3"})
    for _ in range(2):
        with pytest.raises(StudentError, match="len gave"):
            len(StandIn(student, (0, "list")))
