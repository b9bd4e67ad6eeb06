"""The referee's side of a check: what stands for a student's functions and objects in a process without their code.

A stand-in is called like what it stands for. Plain data go over and plain data come back, gradients included; an object
stays there, and a stand-in for it comes. An error over there is an error here, of the class that it had.
"""

import hashlib
import math
import time

import torch
from torch.autograd.function import once_differentiable

from grading.wire import Line, Reference, WireError, tensors

# Those whose constructors take words alone; others are passed on as the next class that they belong to.
ERRORS = [
    *(ArithmeticError, FloatingPointError, OverflowError, ZeroDivisionError, LookupError, IndexError, KeyError),
    *(AssertionError, AttributeError, EOFError, ImportError, ModuleNotFoundError, MemoryError, NameError),
    *(UnboundLocalError, OSError, FileNotFoundError, PermissionError, TimeoutError, RuntimeError, NotImplementedError),
    *(RecursionError, SyntaxError, TypeError, ValueError),
]


class StudentError(Exception):
    """An error in the student's code. Each is of the builtin class, too, that it had there."""


RAISED = {error.__name__: type(error.__name__, (StudentError, error), {}) for error in ERRORS}


class Student:
    """Whoever answers at the other end of a line.

    Args:
        line: where questions go; it is dead after an answer that is late or no answer.
        seconds: how long an answer may take.
        until: after which moment of the monotonic clock nothing is answered any more.
        seed: what the seeds of the calls are made from; the other side can't find it out from them.
    """

    def __init__(self, line: Line, seconds: float = 60, seed: str = "", until: float = math.inf):
        self.line, self.seconds, self.seed, self.until = line, seconds, seed, until
        self.calls = 0

    def ask(self, do: str, **what):
        """Ask for something to be done, and return what came of it.

        Raises:
            StudentError: if that was an error in the student's code, or no answer.
            TypeError: if what is asked with can't be sent.
        """
        seconds = max(min(self.seconds, self.until - time.monotonic()), 0.01)
        try:
            self.line.send({"do": do, **what}, self.refer, seconds)
        except WireError as error:
            if self.line.dead:
                raise StudentError(f"your code can't be asked any more: {error}") from None
            raise TypeError(f"a check asked with what can't be sent: {error}") from None
        try:
            answer = self.line.receive(self.resolve, seconds)
        except WireError as error:
            raise StudentError(f"your code gave no answer: {error}") from None
        match answer:
            case {"value": value} if len(answer) == 1:
                return value
            case {"error": list(classes), "text": str(text), "at": str(at)} if len(answer) == 3:
                known = [name for name in classes if isinstance(name, str) and name in RAISED]
                raised = RAISED[known[0]] if known else StudentError
                raise raised(f"{text[:1000]}" + (f" (in {at[:1000]})" if at else ""))
        self.line.dead = "an answer of another form"
        raise StudentError("your code gave no answer: what came is no answer")

    def names(self, names: list[str]) -> dict:
        """The values of those names that are defined; for what can't cross, stand-ins."""
        found = self.ask("names", names=list(names))
        if not isinstance(found, dict) or not set(found) <= set(names):
            raise StudentError("your code gave no answer: what came is no list of names")
        return found

    def end(self) -> None:
        """Say that nothing more will be asked for now."""
        if not self.line.dead:
            self.line.send({"do": "end"}, seconds=self.seconds)

    def call(self, target: "StandIn", args: tuple, options: dict):
        """Call a function or method."""
        self.calls += 1
        seed = int.from_bytes(hashlib.sha256(f"{self.seed} {self.calls}".encode()).digest()[:4])
        question = {"target": target, "args": list(args), "options": options, "seed": seed}
        inputs = list(tensors([question["args"], options]))
        if not (inputs and torch.is_grad_enabled()):
            return self.ask("call", **question, gradients=torch.is_grad_enabled(), graph=None)
        answers = []

        def ask():
            value = self.ask("call", **question, gradients=True, graph=self.calls)
            answers.append(value)
            return list(tensors(value))

        outputs = _Remote.apply(self, self.calls, ask, *inputs)
        return _with_tensors(answers[0], iter(outputs or ()))

    @staticmethod
    def refer(value):
        """The reference of a stand-in, which is at home at the other end."""
        if isinstance(value, StandIn):
            return object.__getattribute__(value, "_reference")
        raise WireError(f"{type(value).__name__}: wanted numbers, strings, tensors, lists and dicts of them")

    def resolve(self, reference: Reference):
        """A stand-in for what stays at the other end."""
        return StandIn(self, reference)


class StandIn:
    """Stands for a function or an object of the student's: call it, iterate it, index it, ask for its attributes."""

    __slots__ = ("_reference", "_student")

    def __init__(self, student: Student, reference: Reference):
        object.__setattr__(self, "_student", student)
        object.__setattr__(self, "_reference", reference)

    def __call__(self, *args, **options):
        return self._student.call(self, args, options)

    def __getattr__(self, name: str):
        if name.startswith("__"):  # Python, IPython and torch ask every object for these
            raise AttributeError(name)
        return self._student.ask("attribute", target=self, name=name)

    def __setattr__(self, name: str, value):
        raise TypeError(f"a check set the attribute {name!r} of a student's object: wanted values that come back")

    def __getitem__(self, key):
        return self._student.ask("item", target=self, key=key)

    def __len__(self) -> int:
        length = self._student.ask("length", target=self)
        if type(length) is not int or length < 0:
            raise StudentError(f"len gave {length!r}")
        return length

    def __iter__(self):
        iterator = self._student.ask("iterate", target=self)
        while True:
            match self._student.ask("next", target=iterator):
                case [value]:
                    yield value
                case []:
                    return
                case other:
                    raise StudentError(f"the next of an iterator: {other!r}")

    def __next__(self):
        match self._student.ask("next", target=self):
            case [value]:
                return value
            case []:
                raise StopIteration
            case other:
                raise StudentError(f"the next of an iterator: {other!r}")

    def __bool__(self) -> bool:
        return True

    def __repr__(self) -> str:
        return f"<your {self._reference.kind}>"

    def __reduce__(self):
        raise TypeError("a stand-in can't be copied to another process")


class _Remote(torch.autograd.Function):
    """A call at the other end as a step of a graph at this one; its gradients are asked for there."""

    @staticmethod
    def forward(ctx, student, graph, ask, *inputs):
        ctx.student, ctx.graph = student, graph
        ctx.like = [(i.shape, i.dtype) for i in inputs]
        outputs = ask()
        return tuple(o.detach() for o in outputs) or None

    @staticmethod
    @once_differentiable
    def backward(ctx, *gradients):
        found = ctx.student.ask("backward", graph=ctx.graph, gradients=list(gradients))
        well = isinstance(found, list) and len(found) == len(ctx.like) and all(map(_is_like, found, ctx.like))
        if not well:
            raise StudentError("your code gave no gradients")
        return None, None, None, *found


def _is_like(gradient, like) -> bool:
    return gradient is None or (isinstance(gradient, torch.Tensor) and (gradient.shape, gradient.dtype) == like)


def _with_tensors(tree, others):
    """The tree with each tensor that has gradients replaced by the next of the others."""
    if isinstance(tree, torch.Tensor):
        return next(others) if tree.requires_grad else tree
    if isinstance(tree, dict):
        return {key: _with_tensors(value, others) for key, value in tree.items()}
    if isinstance(tree, list | tuple):
        return type(tree)(_with_tensors(value, others) for value in tree)
    return tree
