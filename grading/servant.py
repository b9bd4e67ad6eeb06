"""The student's side of a check: does what the referee asks with what the student wrote.

It runs in the process of the student's code and is trusted with nothing: whatever it sends is read with suspicion by
:mod:`grading.standin`, and a student who bends it can only bend their own answers.
"""

import builtins
import random
import traceback

import numpy as np
import torch

from grading.wire import Line, Reference, WireError, tensors

TEXT = 300  # characters of an error that cross


class Servant:
    """Answers questions until it is told that there are no more.

    Args:
        line: where questions come from.
        namespace: the names that the student's code has defined.
        run: runs the source of a cell; what it returns is told.
    """

    def __init__(self, line: Line, namespace: dict, run=None):
        self.line, self.namespace, self.run = line, namespace, run
        self.kept, self.numbers, self.graphs = [], {}, {}

    def serve(self) -> None:
        """Answer questions until the end of them."""
        while (question := self.line.receive(self.resolve)) != {"do": "end"}:
            try:
                answer = {"value": getattr(self, "do_" + question.pop("do"))(**question)}
                self.line.send(answer, self.refer)
            except WireError as error:
                if self.line.dead:
                    raise
                text = f"what it gave back can't be judged: {error}"
                self.line.send({"error": ["ValueError"], "text": text, "at": ""})
            except BaseException as error:  # whatever it is, the question wants an answer
                self.line.send(told(error))

    def refer(self, value) -> Reference:
        """Keep a value that can't cross; it is known by its number from then on."""
        if id(value) not in self.numbers:
            self.numbers[id(value)] = len(self.kept)
            self.kept.append(value)
        return Reference(self.numbers[id(value)], type(value).__name__[:100])

    def resolve(self, reference: Reference):
        """What a number stands for."""
        return self.kept[reference.number]

    def do_run(self, source: str) -> list:
        """Run a cell."""
        return list(self.run(source))

    def do_names(self, names: list) -> dict:
        """Those of some names that there are, with their values."""
        return {name: self.namespace[name] for name in names if name in self.namespace}

    def do_call(self, target, args: list, options: dict, seed: int, gradients: bool, graph: int | None):
        """Call a function, with the global generators seeded; keep what a way back needs, if ``graph`` numbers it."""
        torch.manual_seed(seed)
        np.random.seed(seed % 2**32)
        random.seed(seed)
        with torch.set_grad_enabled(gradients):
            value = target(*args, **options)
        if graph is not None:
            self.graphs[graph] = list(tensors([args, options])), list(tensors(value))
        return value

    def do_backward(self, graph: int, gradients: list) -> list:
        """The gradients of a call's inputs from those of its outputs, None where there is none."""
        inputs, outputs = self.graphs[graph]
        pairs = [(o, g) for o, g in zip(outputs, gradients, strict=True) if g is not None]
        if not pairs:
            return [None] * len(inputs)
        outputs, gradients = zip(*pairs, strict=True)
        return list(torch.autograd.grad(outputs, inputs, gradients, retain_graph=True, allow_unused=True))

    def do_attribute(self, target, name: str):
        """An attribute of an object."""
        return getattr(target, name)

    def do_item(self, target, key):
        """An entry of an object."""
        return target[key]

    def do_length(self, target) -> int:
        """How many entries an object has."""
        return len(target)

    def do_iterate(self, target):
        """An iterator over an object."""
        return iter(target)

    def do_next(self, target) -> list:
        """The next of an iterator in a list, or an empty one."""
        for value in target:
            return [value]
        return []


def told(error: BaseException) -> dict:
    """What the referee is told of an error: the builtin classes that it belongs to, its words, and its line."""
    try:
        classes = [c.__name__ for c in type(error).__mro__ if getattr(builtins, c.__name__, None) is c]
        text = f"{type(error).__name__}: {error}"[:TEXT]
        frame = traceback.extract_tb(error.__traceback__)[-1]
        return {"error": classes, "text": text, "at": f"{frame.name}, line {frame.lineno}: {frame.line}"[:TEXT]}
    except BaseException:  # an error that raises when it is asked what it says
        return {"error": [], "text": "an error that can't say what it is", "at": ""}
