"""What a check must not do, because it comes out otherwise in a student's notebook than in the grader.

In the notebook a check calls the student's functions themselves; in the grader it calls stand-ins for them, to which
plain data go and from which plain data come back (``grading/standin.py``). ``python -m grading.idioms chain_rule``
reads the checks of an assignment for idioms that differ between the two, and says what to write instead.
"""

import ast
import sys
from collections.abc import Iterator
from typing import NamedTuple

from nbformat import NotebookNode

from grading.mutants import read
from grading.transplant import answered_names, role

INSTEAD = {
    "identity": "objects are copied on their way: compare values with close_to or equal_to",
    "type": "an object may be a stand-in for a student's: ask for shape, dtype, values, or what it does",
    "source": "a stand-in has no source, signature or name: ask what the function returns",
    "patch": "the student's code runs elsewhere and never sees what is set here: ask what it returns",
    "redefinition": "an answered name stands for the student's own: give yours another name",
    "subclass": "a stand-in is no class: ask what the student's own class does",
    "unsendable": "only plain data can be sent: pass numbers, tensors, lists and dicts of them; a list of batches",
    "random": "the student's code has another random stream: draw from fresh_questions, pass a seed",
    "output": "what the student's code prints is not seen here: ask what it returns",
    "warnings": "warnings stay with the student's code: ask what it returns or raises",
    "data": "`.data` is a copy of the student's tensor here: set weights by load_state_dict, read them with detach()",
    "memory": "tensors are copied on their way: strides, storage and addresses are not the student's",
    "copy": "a stand-in can't be copied: build the object anew by calling the student's class",
    "training": "training takes long and is the student's: keep it in a solution cell and check what comes of it",
}
PLAIN = {
    "int", "float", "bool", "complex", "str", "bytes", "list", "tuple", "dict", "set", "frozenset", "range", "slice",
    "Tensor", "ndarray", "dtype",
}  # fmt: skip
OBJECTS = {
    "map", "filter", "zip", "enumerate", "iter", "reversed", "partial", "DataLoader", "TensorDataset", "open",
    "Generator", "fresh_questions", "default_rng", "device",
}  # fmt: skip
DRAWS = {"rand", "randn", "randint", "randperm", "bernoulli", "multinomial", "normal", "poisson"}
FILLS = {"bernoulli_", "cauchy_", "exponential_", "geometric_", "log_normal_", "normal_", "random_", "uniform_"}
GENERATORS = {"default_rng", "Generator", "PCG64", "Random"}  # of numpy and of Python: streams of their own
MEMORY = {"stride", "is_contiguous", "data_ptr", "storage", "untyped_storage", "storage_offset", "is_set_to"}
REDIRECTS = {"redirect_stdout", "redirect_stderr", "capture_output", "capsys", "stdout", "stderr", "StringIO"}
WARNINGS = {"catch_warnings", "simplefilter", "filterwarnings", "warns"}


class Finding(NamedTuple):
    """An idiom that differs: in which cell and line, which, what stands there, and what to do instead."""

    cell: str
    line: int
    idiom: str
    code: str
    instead: str

    def __str__(self) -> str:
        return f"{self.cell}, line {self.line}: `{self.code}` ({self.idiom}): {self.instead}"


def idioms(solution: NotebookNode) -> list[Finding]:
    """The idioms in the check cells of an instructor's notebook that differ, in the order of their places.

    An identity test with ``None`` is fine, and what a check does with its own objects mostly is.
    """
    names = answered_names(solution)
    cells = [(place, cell) for place, cell in enumerate(solution.cells) if role(cell) == "check"]
    return [
        finding
        for place, cell in cells
        for finding in in_source(
            cell.source, names, cell.metadata.get("nbgrader", {}).get("grade_id") or f"cell {place}"
        )
    ]


def in_source(source: str, names: list[str], cell: str = "check") -> list[Finding]:
    """The idioms in one check that differ.

    Args:
        source: of the check.
        names: those that the student's answers define.
        cell: what the check is called.

    Example:
        >>> for finding in in_source("a = f(1)\\nassert a is b\\nassert f(2) is not None", ["f"]):
        ...     print(finding)
        check, line 2: `a is b` (identity): objects are copied on their way: compare values with close_to or equal_to
    """
    tree = ast.parse(source)
    reader = _Reader(tree, set(names))
    places = {(node.lineno, node.col_offset, idiom, ast.unparse(node)) for idiom, node in reader.found()}
    return [
        Finding(cell, line, idiom, code if len(code) <= 60 else code[:57] + "...", INSTEAD[idiom])
        for line, _, idiom, code in sorted(places)
    ]


class _Reader:
    """Reads a check, knowing which names hold what a student's code made, and which can't be sent to it."""

    def __init__(self, tree: ast.Module, answered: set[str]):
        self.tree, self.answered = tree, answered
        self.theirs, self.objects, self.unsendable, self.mine = set(answered), set(answered), set(), set()
        bindings = list(_bindings(tree))
        for target, _ in bindings:
            self.mine |= _bound(target) - answered
        kinds = ast.FunctionDef | ast.ClassDef | ast.AsyncFunctionDef
        self.unsendable |= {node.name for node in ast.walk(tree) if isinstance(node, kinds)} - answered
        before = -1
        while before != len(self.theirs) + len(self.unsendable) + len(self.objects):
            before = len(self.theirs) + len(self.unsendable) + len(self.objects)
            for target, value in bindings:
                if self.touches(value):
                    self.theirs |= _bound(target) | ({_root(target)} - {None})
                if isinstance(target, ast.Name) and self.is_unsendable(value):
                    self.unsendable.add(target.id)
                if isinstance(target, ast.Name) and isinstance(value, ast.Name) and value.id in self.objects:
                    self.objects.add(target.id)

    def touches(self, node: ast.AST) -> bool:
        """Whether an expression may hold what the student's code made."""
        return bool(_names(node) & self.theirs)

    def asks(self, call: ast.Call) -> bool:
        """Whether it is the student's code that is called: an answered name, or a method of what one gave back."""
        root = call.func
        if isinstance(root, ast.Name):
            return root.id in self.objects or (root.id in self.theirs and root.id not in self.unsendable)
        while isinstance(root, ast.Attribute | ast.Subscript):
            root = root.value
        if isinstance(root, ast.Call):
            return self.asks(root)
        return isinstance(root, ast.Name) and root.id in self.theirs

    def is_unsendable(self, node: ast.AST) -> bool:
        """Whether a stand-in refuses it as an argument."""
        if isinstance(node, ast.Starred):
            return self.is_unsendable(node.value)
        if isinstance(node, ast.List | ast.Tuple):
            return any(map(self.is_unsendable, node.elts))
        if isinstance(node, ast.Dict):
            return any(map(self.is_unsendable, node.values))
        if isinstance(node, ast.Call):
            inner = _innermost(node.func)
            return _last(node.func) in OBJECTS or (
                _last(node.func) == "manual_seed" and isinstance(inner, ast.Call) and self.is_unsendable(inner)
            )
        return isinstance(node, ast.Lambda | ast.GeneratorExp) or (
            isinstance(node, ast.Name) and node.id in self.unsendable
        )

    def found(self) -> Iterator[tuple[str, ast.AST]]:
        """Every idiom that differs, with its node."""
        for node in ast.walk(self.tree):
            kind = getattr(self, f"on_{type(node).__name__}", None)
            if kind:
                for idiom in kind(node):
                    yield idiom, node
            for target in _targets(node):
                for idiom in self.on_target(target):
                    yield idiom, target

    def on_Compare(self, node):
        sides = [node.left, *node.comparators]
        for op, left, right in zip(node.ops, sides, sides[1:], strict=False):
            none = any(isinstance(s, ast.Constant) and s.value is None for s in (left, right))
            asked = any(isinstance(s, ast.Call) and _last(s.func) == "type" for s in (left, right))  # is found as such
            if (
                isinstance(op, ast.Is | ast.IsNot)
                and not (none or asked)
                and (self.touches(left) or self.touches(right))
            ):
                yield "identity"

    def on_Call(self, node):
        name, first = _last(node.func), node.args[0] if node.args else None
        alone = isinstance(node.func, ast.Name)
        if alone and first is not None and self.touches(first):
            if name == "type" or (name == "issubclass"):
                yield "type"
            if name == "isinstance" and not self._is_plain(node):
                yield "type"
            if name == "callable" and len(node.args) == 1:
                yield "type"
            if name == "id":
                yield "identity"
            if name in ("setattr", "delattr"):
                yield "patch"
            if name in ("getattr", "hasattr") and len(node.args) > 1 and _is_dunder(node.args[1]):
                yield "source"
            if name in ("vars", "dir", "help"):
                yield "source"
        elif alone and name in ("setattr", "delattr") and not _names(first) & self.mine:
            yield "patch"
        if alone and name in ("signature", "getsource", "get_ipython"):
            yield "source"
        copies = name == "deepcopy" or (name in ("copy", "dumps", "dump") and _root(node.func) in ("copy", "pickle"))
        if copies and first is not None and self.touches(first):
            yield "copy"
        if name in MEMORY and isinstance(node.func, ast.Attribute) and self.touches(node.func):
            yield "memory"
        if isinstance(node.func, ast.Attribute) and name == "object" and _last(node.func.value) == "patch":
            yield "patch"
        if name == "patch" or _root(node.func) == "monkeypatch":
            yield "patch"
        if self.asks(node) and any(map(self.is_unsendable, [*node.args, *[k.value for k in node.keywords]])):
            yield "unsendable"
        if self._is_random(node, name):
            yield "random"

    def on_Attribute(self, node):
        if node.attr == "data" and isinstance(node.ctx, ast.Load | ast.Store):
            yield "data"
        elif _is_dunder(node.attr) and (self.touches(node.value) or node.attr in ("__code__", "__doc__")):
            yield "source"
        elif node.attr in REDIRECTS and (node.attr not in ("stdout", "stderr") or _root(node) == "sys"):
            yield "output"
        elif node.attr in WARNINGS:
            yield "warnings"
        elif node.attr == "optim":
            yield "training"

    def on_Name(self, node):
        if isinstance(node.ctx, ast.Load):
            if node.id == "inspect" or node.id in ("In", "Out"):
                yield "source"
            if node.id in REDIRECTS - {"stdout", "stderr"}:
                yield "output"
            if node.id in WARNINGS:
                yield "warnings"

    def on_Import(self, node):
        if any(a.name.split(".")[0] in ("inspect", "dis") for a in node.names):
            yield "source"
        if any(a.name.split(".")[0] == "pickle" for a in node.names):
            yield "copy"
        if any(a.name.startswith("unittest.mock") for a in node.names):
            yield "patch"

    def on_ImportFrom(self, node):
        module = node.module or ""
        if module.split(".")[0] in ("inspect", "dis"):
            yield "source"
        if module == "unittest.mock" or (module == "unittest" and any(a.name == "mock" for a in node.names)):
            yield "patch"

    def on_ClassDef(self, node):
        if any(map(self.touches, node.bases)):
            yield "subclass"
        yield from self.on_FunctionDef(node)

    def on_FunctionDef(self, node):
        if node.name in self.answered:
            yield "redefinition"

    def on_target(self, target):
        """An idiom in what is assigned to, or deleted."""
        if isinstance(target, ast.Tuple | ast.List):
            for one in target.elts:
                yield from self.on_target(one)
        elif isinstance(target, ast.Starred):
            yield from self.on_target(target.value)
        elif isinstance(target, ast.Name) and target.id in self.answered:
            yield "redefinition"
        elif isinstance(target, ast.Attribute):
            root = _root(target)
            if root is None or root in self.theirs or root not in self.mine:
                yield "patch"
        elif isinstance(target, ast.Subscript) and _root(target) in self.objects:
            yield "patch"

    def _is_plain(self, call: ast.Call) -> bool:
        """Whether it asks if something that came back is of a class whose objects cross."""
        first = call.args[0]
        if (isinstance(first, ast.Name) and first.id in self.objects) or len(call.args) < 2:
            return False
        classes = call.args[1]
        every = [n for n in ast.walk(classes) if isinstance(n, ast.Attribute)] or []
        roots = {id(n.value) for n in every}
        leaves = [n for n in ast.walk(classes) if isinstance(n, ast.Name | ast.Attribute) and id(n) not in roots]
        return all(_last(n) in PLAIN for n in leaves)

    def _is_random(self, call: ast.Call, name: str | None) -> bool:
        root = _root(call.func)
        if isinstance(call.func, ast.Attribute):
            path = ast.unparse(call.func)
            if name in ("manual_seed", "seed", "set_rng_state", "initial_seed") and root == "torch":
                return not isinstance(_innermost(call.func), ast.Call)  # torch.Generator().manual_seed(0) is its own
            if root in ("np", "numpy") and ".random." in path:
                return name not in GENERATORS and not isinstance(_innermost(call.func), ast.Call)
            if root == "random":
                return name not in GENERATORS
        elif isinstance(call.func, ast.Name) and name == "manual_seed":
            return True
        own = any(k.arg == "generator" for k in call.keywords)
        if name in DRAWS and root == "torch" and not own:
            return True
        return name in FILLS and not own


def _bindings(tree: ast.AST) -> Iterator[tuple[ast.AST, ast.AST]]:
    """Every target that is bound in a cell, with what it is bound to."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign):
            for target in node.targets:
                pairs = [
                    list(side.elts) if isinstance(side, ast.Tuple | ast.List) else [] for side in (target, node.value)
                ]
                if pairs[0] and len(pairs[0]) == len(pairs[1]):
                    yield from zip(*pairs, strict=True)
                else:
                    yield target, node.value
        elif isinstance(node, ast.AugAssign | ast.AnnAssign | ast.NamedExpr) and node.value is not None:
            yield node.target, node.value
        elif isinstance(node, ast.For | ast.comprehension):
            yield node.target, node.iter
        elif isinstance(node, ast.withitem) and node.optional_vars is not None:
            yield node.optional_vars, node.context_expr


def _targets(node: ast.AST) -> list[ast.AST]:
    """What a statement assigns to or deletes."""
    if isinstance(node, ast.Assign | ast.Delete):
        return node.targets
    if isinstance(node, ast.AugAssign | ast.AnnAssign | ast.NamedExpr | ast.For | ast.comprehension):
        return [node.target]
    return [node.optional_vars] if isinstance(node, ast.withitem) and node.optional_vars is not None else []


def _names(node: ast.AST | None) -> set[str]:
    return set() if node is None else {n.id for n in ast.walk(node) if isinstance(n, ast.Name)}


def _bound(target: ast.AST) -> set[str]:
    """The names that are bound, not those through which something is reached."""
    return {n.id for n in ast.walk(target) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}


def _last(node: ast.AST) -> str | None:
    """The last part of a dotted name."""
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else None


def _innermost(node: ast.AST) -> ast.AST:
    while isinstance(node, ast.Attribute | ast.Subscript):
        node = node.value
    return node


def _root(node: ast.AST) -> str | None:
    """The first part of a dotted name, through calls and indices."""
    while isinstance(node, ast.Attribute | ast.Subscript | ast.Call):
        node = node.func if isinstance(node, ast.Call) else node.value
    return node.id if isinstance(node, ast.Name) else None


def _is_dunder(name) -> bool:
    name = name.value if isinstance(name, ast.Constant) else name
    return isinstance(name, str) and name.startswith("__") and name.endswith("__")


def main(stem: str) -> int:
    """Print what is found in an assignment; 1 if that is anything."""
    found = idioms(read(stem))
    print(*found, sep="\n") if found else print(f"{stem}: the checks mean the same in both places")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
