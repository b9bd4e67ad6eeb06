"""Checks that mean something else in the grader than in a student's notebook are found where they are written."""

import nbformat
import pytest

from grading import idioms
from grading.generate import stems
from grading.mutants import read

NAMES = ["f", "Model", "model", "bets"]
DIFFER = {
    "identity": [
        "assert f(1) is f(1)",
        "x = [1]\nassert f(x) is x",
        "x = f(1)\ny = x\nassert y is not bets",
        "assert bets is True",
        "assert id(f(1)) == 3",
    ],
    "type": [
        "assert type(f(1)) is int",
        "x = f(1)\nassert type(x) == float",
        "assert isinstance(f, type(len))",
        "import types\nassert isinstance(f, types.FunctionType)",
        "import torch\nassert isinstance(Model(2), torch.nn.Module)",
        "import torch\nassert isinstance(f(1), (torch.Tensor, torch.nn.Parameter))",
        "assert issubclass(Model, object)",
        "assert callable(f)",
        "g = f\nassert isinstance(g, dict)",
    ],
    "source": [
        "import inspect",
        "from inspect import signature",
        "assert 'for' not in inspect.getsource(f)",
        "assert f.__code__.co_argcount == 1",
        "assert f.__doc__",
        "assert f.__name__ == 'f'",
        "assert getattr(f, '__doc__')",
        "g = f\nassert g.__code__",
        "assert 'for' not in In[-1]",
        "assert dir(model)",
        "assert get_ipython()",
    ],
    "patch": [
        "f.seen = 1",
        "model.weight = 0",
        "m = Model(2)\nm.weight = 0",
        "m = Model(2)\nm.weight.requires_grad, a = True, 1",
        "setattr(model, 'weight', 0)",
        "torch.log = None",
        "setattr(torch, 'log', None)",
        "del model.weight",
        "model[0] = 1",
        "bets[0] += 1",
        "from unittest import mock\nwith mock.patch.object(torch, 'log'): f(1)",
        "with mock.patch('torch.log'): f(1)",
        "monkeypatch.setattr('torch.log', None)",
        "for model.weight in [1, 2]: pass",
    ],
    "redefinition": ["f = len", "def f(x): pass", "class Model: pass", "del f", "a, *bets = 1, 2", "for f in []: pass"],
    "subclass": ["class Mine(Model): pass", "class Mine(f(1)): pass"],
    "unsendable": [
        "f(lambda x: x)",
        "f(x for x in [1])",
        "f(key=lambda x: x)",
        "g = lambda x: x\nf(g)",
        "def g(x): return x\nf(1, g)",
        "g = (x for x in [1])\nh = g\nf(*h)",
        "class Own: pass\nf([Own])",
        "f(map(int, '12'))",
        "f(zip([1], [2]))",
        "model.fit(DataLoader([1]))",
        "Model(2).fit({'step': lambda: 1})",
        "m = Model(2)\nm.fit(lambda: 1)",
        "g = f\ng(iter([1]))",
        "questions = fresh_questions('f')\nf(questions)",
        "f(1, generator=torch.Generator().manual_seed(0))",
    ],
    "random": [
        "torch.manual_seed(0)",
        "import torch\ntorch.manual_seed(0)\nf(1)",
        "torch.random.manual_seed(0)",
        "torch.cuda.manual_seed(0)",
        "manual_seed(0)",
        "np.random.seed(0)",
        "x = np.random.rand(3)",
        "x = random.random()",
        "x = torch.rand(3)",
        "x = torch.randint(2, (3,))",
        "x = torch.multinomial(p, 1)",
        "x = torch.empty(3).exponential_()",
    ],
    "output": [
        "with contextlib.redirect_stdout(seen): f(1)",
        "with redirect_stdout(seen): f(1)",
        "import sys\nsys.stdout = None",
        "f(1)\nassert sys.stderr.getvalue()",
        "seen = io.StringIO()",
        "assert capsys.readouterr().out",
    ],
    "warnings": [
        "with warnings.catch_warnings(record=True) as seen: f(1)",
        "warnings.simplefilter('error')",
        "with pytest.warns(UserWarning): f(1)",
        "with catch_warnings(): f(1)",
    ],
    "data": ["model.weight.data[0] = 1", "x = f(1).data", "model.weight.data.zero_()"],
    "memory": ["assert f(1).stride() == (1,)", "x = f(1)\nassert x.is_contiguous()", "assert bets.data_ptr()"],
    "copy": ["m = copy.deepcopy(model)", "m = deepcopy(Model(2))", "pickle.dumps(model)", "import pickle"],
    "training": ["step = torch.optim.Adam([])"],
}
THE_SAME = [
    "assert f(1) is None",
    "assert bets is not None, 'bets: write them'",
    "a = b = object()\nassert a is b",  # the check's own
    "assert isinstance(f(1), int)",
    "import torch\nassert isinstance(f(1), (int, float, torch.Tensor, np.ndarray))",
    "x = 1\nassert type(x) is int",
    "assert f(1).dtype == torch.float64 and f(1).shape == (2,)",
    "x = torch.as_tensor(f(1))\nx[0] = 1",
    "x, y = torch.zeros(2), 1\nx.requires_grad = True\nf(x)",
    "looks_only_back(partial(f, 1), x, 'f')",
    "looks_only_back(lambda x: f(x), x, 'f')",
    "f([x for x in range(3)], {'a': 1}, x=slice(1), dtype=torch.float64)",
    "f(list(map(int, '12')))",
    "assert sorted(f(1), key=lambda x: -x) == [2, 1]",
    "questions = fresh_questions('f')\nx = torch.rand(3, generator=questions)\nf(x)",
    "x = torch.randn(3, generator=torch.Generator().manual_seed(1))",
    "g = torch.Generator()\ng.manual_seed(1)",
    "x = torch.empty(3).exponential_(generator=questions)",
    "x = np.random.default_rng(1).normal(size=3)",
    "f(torch.distributions.Categorical(p).sample().tolist(), seed=1)",
    "for m in [Model(2), Model(3)]:\n    assert m(1) == 1 and len(m) == 2",
    "m = Model(2)\nm.load_state_dict({'weight': torch.ones(2)})",
    "data.load('digits')",
    "print('what you bet', bets)",
    "def kept_back():\n    close_to(f(1), 2, 'f')\n\n\nkept_back()",
    "x = torch.ones(1, requires_grad=True)\nf(x).sum().backward()\nassert x.grad is not None",
    "with pytest.raises(ValueError):\n    f(-1)",
    "assert weights.stride() == (1,)",
    "class Own:\n    pass\n\n\nassert Own() is not None",
]


@pytest.mark.parametrize("stem", stems())
def test_the_checks_of_every_assignment_mean_the_same_in_both_places(stem):
    assert idioms.idioms(read(stem)) == []


@pytest.mark.parametrize(
    ("idiom", "source"), [pytest.param(i, s, id=f"{i}-{s}") for i, sources in DIFFER.items() for s in sources]
)
def test_an_idiom_that_differs_is_found(idiom, source):
    found = idioms.in_source(source, NAMES)
    assert idiom in {finding.idiom for finding in found}
    for finding in found:
        assert 1 <= finding.line <= source.count("\n") + 1
        assert finding.instead == idioms.INSTEAD[finding.idiom]


def test_there_is_an_example_of_each():
    assert set(DIFFER) == set(idioms.INSTEAD)


@pytest.mark.parametrize("source", THE_SAME)
def test_an_idiom_that_does_not_differ_is_left_alone(source):
    assert idioms.in_source(source, NAMES) == []


def test_a_finding_says_where_what_and_what_instead():
    cells = []
    for name, source, grade, locked, solution in [
        ("given", "torch.manual_seed(0)", False, True, False),
        ("answer", "def mine(x):\n    return x", False, False, True),
        ("answer_checks", "a = 1\nassert mine(a) is a", True, True, False),
    ]:
        cell = nbformat.v4.new_code_cell(source)
        about = {"grade_id": name, "grade": grade, "locked": locked, "solution": solution}
        cell.metadata["nbgrader"] = {**about, "schema_version": 3, "task": False} | ({"points": 1} if grade else {})
        cells.append(cell)
    cells.append(nbformat.v4.new_code_cell("assert mine(1) is 1"))  # to play with
    (finding,) = idioms.idioms(nbformat.v4.new_notebook(cells=cells))  # and only in checks
    assert finding[:4] == ("answer_checks", 2, "identity", "mine(a) is a")
    assert str(finding) == (
        "answer_checks, line 2: `mine(a) is a` (identity): objects are copied on their way: "
        "compare values with close_to or equal_to"
    )


def test_findings_come_in_order_and_once():
    found = idioms.in_source("f.a = 1\nassert f(1) is f(2)\nf.a = f(1) is f(2)", NAMES)
    assert [(f.line, f.idiom) for f in found] == [(1, "patch"), (2, "identity"), (3, "patch"), (3, "identity")]


def test_the_command(monkeypatch, capsys):
    assert idioms.main("chain_rule") == 0
    assert capsys.readouterr().out == "chain_rule: the checks mean the same in both places\n"
    notebook = read("chain_rule")
    check = next(c for c in notebook.cells if c.id == "underflow_checks")
    check.source += "\nassert type(bets) is list"
    monkeypatch.setattr(idioms, "read", lambda stem: notebook)
    assert idioms.main("chain_rule") == 1
    assert capsys.readouterr().out.startswith("underflow_checks, line 6: `type(bets)` (type): ")
