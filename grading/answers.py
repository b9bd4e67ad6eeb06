"""Right and wrong answers to the assignments: ``tests/answers/<stem>.py``, the proof that the checks tell them apart.

Such a file defines

* ``RIGHT[cell][name]``: the source of a right answer to the solution cell ``cell``, named after how it was built;
* ``WRONG[cell][name]``: a :class:`Wrong` one, named after the misunderstanding that it stands for;
* ``EXPLANATIONS[cell][name]``: a :class:`Marked` text for a cell that a person reads;
* ``SAMPLE_CLASS[student][cell]``: the name of the answer that a student of the sample class gave. A cell that is not
  named was left untouched;
* ``SURVIVORS[mutant]``: why no check need find it (see :mod:`grading.mutants`).
"""

import importlib.util
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

FOLDER = Path(__file__).resolve().parent.parent / "tests" / "answers"


class Wrong(NamedTuple):
    """A wrong answer: its source, and every graded cell that must lose its points through it."""

    source: str
    loses: tuple[str, ...]


class Marked(NamedTuple):
    """An explanation, the points that a person gave it, and what she wrote beside it."""

    text: str
    points: float
    comment: str


def load(stem: str, folder: Path = FOLDER) -> ModuleType:
    """The answers to an assignment.

    Raises:
        FileNotFoundError: if there are none.
    """
    path = folder / f"{stem}.py"
    if not path.is_file():
        raise FileNotFoundError(f"no answers to {stem!r}: wanted {path}")
    spec = importlib.util.spec_from_file_location(f"answers_{stem}", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def source_of(answers: ModuleType, cell: str, name: str) -> str:
    """The source that a named answer puts into a cell."""
    if cell in answers.EXPLANATIONS:
        return answers.EXPLANATIONS[cell][name].text
    if name in answers.RIGHT[cell]:
        return answers.RIGHT[cell][name]
    return answers.WRONG[cell][name].source
