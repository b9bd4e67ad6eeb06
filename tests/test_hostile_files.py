"""Every file of ``tests/hostile/`` says what it does and what must become of it, in the words that its runner reads."""

import ast
import importlib.util
import inspect
import json
from pathlib import Path

import pytest

from grading import answers

ROOT = Path(__file__).resolve().parent.parent
FILES = sorted((ROOT / "tests" / "hostile").glob("*.py"))
CELLS = [
    cell["metadata"]["nbgrader"]
    for cell in json.loads((ROOT / "solutions" / "chain_rule" / "chain_rule.ipynb").read_text("utf-8"))["cells"]
    if "nbgrader" in cell["metadata"]
]
ANSWERS = {about["grade_id"] for about in CELLS if about["solution"]}
CHECKS = {about["grade_id"] for about in CELLS if about["grade"] and not about["solution"]}
REQUIRED = {"SOURCES", "OUTCOME", "LOSES"}
OPTIONAL = {"REASON": str, "SECONDS": int}


def loaded(path):
    """A hostile file's contents: it only describes an attack, so it may be read as code."""
    spec = importlib.util.spec_from_file_location(f"hostile_{path.stem}", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def problems(module):
    """What is wrong with a hostile file."""
    found, defined = [], {key for key in vars(module) if key.isupper()}
    doc = module.__doc__ or ""
    if not doc.endswith(".") or "\n" in doc or len(doc) < 20:
        found.append("its docstring is no sentence")
    if not REQUIRED <= defined <= REQUIRED | set(OPTIONAL):
        found.append(f"it defines {sorted(defined)}")
        return found
    found += [
        f"{key} is no {kind}" for key, kind in OPTIONAL.items() if not isinstance(getattr(module, key, kind()), kind)
    ]
    if not set(module.SOURCES) <= ANSWERS:
        found.append("SOURCES has cells that are not the student's")
    if module.OUTCOME not in ("graded", "held"):
        found.append(f"OUTCOME is {module.OUTCOME!r}")
    if not set(module.LOSES) <= CHECKS or len(set(module.LOSES)) < len(module.LOSES):
        found.append("LOSES names what is no check, or one twice")
    if (module.OUTCOME == "held") != bool(getattr(module, "REASON", "")) or (module.OUTCOME == "held" and module.LOSES):
        found.append("a held one has a reason and loses nothing, another has none")
    if not (module.SOURCES or hasattr(module, "damage") or hasattr(module, "files")):
        found.append("it does nothing")
    for function, argument in (("damage", "notebook"), ("files", "folder")):
        if hasattr(module, function) and list(inspect.signature(getattr(module, function)).parameters) != [argument]:
            found.append(f"{function} takes other arguments than {argument}")
    return found


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_hostile_file_says_what_it_does_and_what_must_become_of_it(path):
    assert path.stem.isidentifier() and path.stem.islower()
    assert problems(loaded(path)) == []


def test_there_are_enough_of_them_and_each_is_another():
    assert len(FILES) >= 60
    trees = [ast.parse(path.read_text("utf-8")) for path in FILES]
    assert len({ast.get_docstring(tree) for tree in trees}) == len(FILES)
    assert len({ast.dump(ast.Module(tree.body[1:], [])) for tree in trees}) == len(FILES)


def test_most_cells_are_attacked_and_each_outcome_is_there():
    modules = [loaded(path) for path in FILES]
    assert {module.OUTCOME for module in modules} == {"graded", "held"}
    assert {name for module in modules for name in module.SOURCES} >= {"count_parameters", "underflow", "why_factorise"}
    assert sum(module.LOSES == () and module.OUTCOME == "graded" for module in modules) >= 20  # loud, and right


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"__doc__": None}, "docstring"),
        ({"OUTCOME": "zero"}, "OUTCOME"),
        ({"LOSES": ("count_parameters",)}, "LOSES"),
        ({"LOSES": ("underflow_checks", "underflow_checks")}, "LOSES"),
        ({"SOURCES": {"underflow_checks": "1"}}, "SOURCES"),
        ({"SOURCES": {}}, "does nothing"),
        ({"OUTCOME": "held"}, "a held one has a reason"),
        ({"REASON": "because"}, "a held one has a reason"),
        ({"SECONDS": "5"}, "SECONDS"),
        ({"LOOSES": ()}, "it defines"),
        ({"damage": lambda cells: cells}, "damage takes other arguments"),
    ],
)
def test_a_file_that_is_not_well_made_is_found_out(change, says):
    module = loaded(ROOT / "tests" / "hostile" / "leaves_when_called.py")
    assert problems(module) == []
    vars(module).update(change)
    assert says in "; ".join(problems(module))


def test_right_answers_stand_in_every_cell_that_a_student_of_this_kind_leaves_alone():
    right = answers.load("chain_rule").RIGHT
    assert set(right) == ANSWERS - {"why_factorise"}
    assert all(right.values())
