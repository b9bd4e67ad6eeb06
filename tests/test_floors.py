"""The floors of the library, read from its imports: they point down only, and what is heavy is imported in one place.

Each rule is a function of sources that returns what breaks it; made-up offenders show that the rule can fail.
"""

import ast
import re
import sys
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[1]
FOLDERS = ["_ext", "benchmarks", "book", "dgmlib", "exercises", "grading", "solutions", "tests"]

# From the ground up. A module may import from lower floors, and from its own as long as that makes no circle; but never
# does one family of models import another, and the fourth floor knows the contract, not a model.
FLOORS = [
    {"likelihood", "divergences", "distributions", "layers", "data", "files"},
    {"model"},
    {"models"},
    {"causality", "train", "validation", "sweep", "gradients", "compression", "anomaly", "plot", "checks"},
    {"__main__", "runs", "__init__"},
]
# What may be imported from outside and by which module; torch, numpy and the standard library, by all.
OUTSIDE = {
    "torch": None,
    "numpy": None,
    "safetensors": {"model"},
    "tqdm": {"model", "train"},
    "constriction": {"compression"},
    "zstandard": {"compression"},
    "brotli": {"compression"},
    "pyppmd": {"compression"},
    "pooch": {"data"},
    "requests": {"data"},  # pooch brings it, and its errors pass through
    "sklearn": {"data", "validation", "anomaly"},
    "scipy": {"divergences"},
    "optuna": {"sweep"},
    "tensorboard": {"train"},  # through torch.utils.tensorboard
    "click": {"__main__"},
    "matplotlib": {"plot"},
}


def imports(module: str, source: str, modules: set[str]) -> set[str]:
    """Full names of all that a source imports, anywhere in it; ``modules`` tells a submodule from another name."""
    package = module.split(".") if module.endswith(".__init__") else module.split(".")[:-1]
    package = [part for part in package if part != "__init__"]
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else []
            base = ".".join([*above, *([node.module] if node.module else [])])
            for alias in node.names:
                full = f"{base}.{alias.name}"
                found.add(full if full in modules or f"{full}.__init__" in modules else base)
        elif isinstance(node, ast.Call) and getattr(node.func, "attr", getattr(node.func, "id", "")) in (
            "import_module",
            "__import__",
        ):
            found |= {a.value for a in node.args if isinstance(a, ast.Constant) and isinstance(a.value, str)}
    return found


def floor(name: str) -> int:
    """The floor of a module of dgmlib, by its full name; one that no floor knows has to be put on one first."""
    part = name.split(".")[1] if "." in name else "__init__"
    for level, names in enumerate(FLOORS):
        if part in names:
            return level
    raise LookupError(f"{name} stands on no floor: put it on one in {Path(__file__).name}")


def broken(sources: dict[str, str]) -> list[str]:
    """What breaks the rules, among sources by their full module names."""
    modules = set(sources)
    wrong, graph = [], {}
    for module, source in sources.items():
        top, inside = module.split(".")[0], module.split(".")[1] if "." in module else ""
        found = imports(module, source, modules)
        if top == "grading":
            wrong += [f"{module} imports the model {i}" for i in found if re.match(r"dgmlib\.models\b", i)]
        if top != "dgmlib":
            continue
        for imported in sorted(found):
            root = imported.split(".")[0]
            if root != "dgmlib":
                if root in OUTSIDE:
                    if OUTSIDE[root] and inside not in OUTSIDE[root]:
                        wrong.append(f"{module} imports {root}, which only {', '.join(OUTSIDE[root])} may")
                elif root not in sys.stdlib_module_names:
                    wrong.append(f"{module} imports {root}, which is on no list")
                continue
            here, there = floor(module), floor(imported)
            family = imported.split(".")[2:3]
            if there > here:
                wrong.append(f"{module} imports {imported} from a higher floor")
            elif there == 2 and here == 2 and not module.endswith(".__init__") and family != module.split(".")[2:3]:
                wrong.append(f"{module} imports another model, {imported}")
            elif there == 2 and here == 3:
                wrong.append(f"{module} imports the model {imported}; it should know the contract only")
            imported = imported if imported in modules else f"{imported}.__init__"
            graph.setdefault(module, set()).add(imported)
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        wrong.append(f"a circle of imports: {' <- '.join(error.args[1])}")
    return wrong


@pytest.fixture(scope="module")
def sources():
    found = {}
    for folder in ("dgmlib", "grading"):
        for path in (REPOSITORY / folder).rglob("*.py"):
            found[".".join(path.relative_to(REPOSITORY).with_suffix("").parts)] = path.read_text(encoding="utf-8")
    assert {"dgmlib.likelihood", "dgmlib.model", "dgmlib.models.table", "dgmlib.plot", "dgmlib.data.__init__"} <= set(
        found
    )
    return found


def test_imports_point_down(sources):
    assert broken(sources) == []


@pytest.mark.parametrize(
    "module, source, says",
    [
        ("dgmlib.likelihood", "from dgmlib.model import AutoregressiveModel", "from a higher floor"),
        ("dgmlib.likelihood", "from dgmlib import model", "from a higher floor"),
        ("dgmlib.likelihood", "from . import model", "from a higher floor"),
        ("dgmlib.likelihood", "def f():\n    import dgmlib.compression", "from a higher floor"),
        (
            "dgmlib.likelihood",
            "from importlib import import_module\nimport_module('dgmlib.model')",
            "from a higher floor",
        ),
        ("dgmlib.data.sources", "from ..model import AutoregressiveModel", "from a higher floor"),
        ("dgmlib.model", "from dgmlib.models.table import Table", "from a higher floor"),
        ("dgmlib.model", "from dgmlib.causality import dependency_matrix", "from a higher floor"),
        ("dgmlib.model", "from dgmlib import __version__", "dgmlib from a higher floor"),
        ("dgmlib.models.fvsbn", "from dgmlib.models.table import Table", "another model"),
        ("dgmlib.models.fvsbn", "from .table import Table", "another model"),
        ("dgmlib.models.fvsbn", "from dgmlib.models import Table", "another model"),
        ("dgmlib.causality", "from dgmlib.models import Table", "the contract only"),
        ("dgmlib.compression", "from dgmlib.models.fvsbn import FVSBN", "the contract only"),
        ("dgmlib.train", "from dgmlib.validation import folds", "a circle of imports"),
        ("dgmlib.models.fvsbn", "from matplotlib import pyplot as plt", "only plot may"),
        ("dgmlib.compression", "import matplotlib", "only plot may"),
        ("dgmlib.plot", "from IPython.display import display", "IPython, which is on no list"),
        ("dgmlib.model", "try:\n    import IPython\nexcept ImportError:\n    pass", "IPython, which is on no list"),
        ("dgmlib.model", "import constriction", "only compression may"),
        ("dgmlib.train", "import grading.referee", "grading, which is on no list"),
        ("grading.referee", "from dgmlib.models import Table", "imports the model"),
        ("grading.referee", "from dgmlib import models", "imports the model"),
        ("grading.referee", "import dgmlib.models.fvsbn as f", "imports the model"),
    ],
)
def test_an_offender_is_found(module, source, says, sources):
    offender = sources | {"dgmlib.validation": "from dgmlib.train import fit", module: source}
    assert any(module in line and says in line for line in broken(offender)), broken(offender)


@pytest.mark.parametrize(
    "module, source",
    [
        (
            "dgmlib.models.fvsbn",
            "import math\nfrom dgmlib.layers import MaskedLinear\nfrom ..model import AutoregressiveModel",
        ),
        ("dgmlib.validation", "from dgmlib.train import fit\nfrom dgmlib import likelihood"),
        ("dgmlib.plot", "import matplotlib.pyplot as plt"),
        ("grading.referee", "from dgmlib.checks import close_to"),
        ("dgmlib.__main__", "from dgmlib.models import Table"),
    ],
)
def test_what_the_floors_allow_is_not_an_offence(module, source, sources):
    assert broken(sources | {"dgmlib.layers": "import torch", module: source}) == []


def test_a_module_on_no_floor_is_found(sources):
    with pytest.raises(LookupError, match=r"dgmlib\.extras stands on no floor"):
        broken(sources | {"dgmlib.extras": "from dgmlib import model"})


# -------------------------------------------------------------------------------------------------------------- files


def named_for_nothing(paths: list[Path]) -> list[Path]:
    """Files and folders whose name says only that they hold what had no place."""
    return [p for p in paths if re.fullmatch(r"_?(utils?|helpers?|common|misc)", p.stem.lower())]


def test_every_file_is_named_for_what_it_holds():
    skip = {"_build", "node_modules", "__pycache__", ".ipynb_checkpoints"}
    paths = [p for folder in FOLDERS for p in (REPOSITORY / folder).rglob("*") if not skip & set(p.parts)]
    assert REPOSITORY / "dgmlib" / "model.py" in paths
    assert named_for_nothing(paths) == []


@pytest.mark.parametrize(
    "name", ["dgmlib/utils.py", "tests/helpers.py", "book/common", "grading/misc/x.py", "_util.py"]
)
def test_a_file_named_for_nothing_is_found(name):
    path = Path(name)
    assert named_for_nothing([path, path.parent, Path("dgmlib/model.py")]) == [
        path if path.stem != "x" else path.parent
    ]


# ------------------------------------------------------------------------------------------------------------ classes


def cells(chapter: str) -> str:
    """The Python of a chapter's code cells, without their options and without lines for IPython only."""
    found = re.findall(r"^(`{3,}|:{3,})\{code-cell\}[^\n]*\n(.*?)^\1", chapter, flags=re.MULTILINE | re.DOTALL)
    code = []
    for _, body in found:
        body = re.sub(r"\A---\n.*?^---\n", "", body, flags=re.MULTILINE | re.DOTALL)
        body = re.sub(r"\A(:[\w-]+:[^\n]*\n)+", "", body)
        if not body.lstrip().startswith("%%"):  # a cell in another language
            code.append(re.sub(r"^[%!].*$", "", body, flags=re.MULTILINE))
    return "\n".join(code)


def defined_twice(sources: dict[str, str]) -> list[str]:
    """Classes that two files define, or one file twice: a chapter shows the library's source, it doesn't copy it."""
    places = {}
    for name, source in sources.items():
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.ClassDef):
                places.setdefault(node.name, []).append(name)
    return [f"{name}: {', '.join(where)}" for name, where in places.items() if len(where) > 1]


@pytest.fixture(scope="module")
def library_and_book(sources):
    chapters = {p.name: cells(p.read_text(encoding="utf-8")) for p in (REPOSITORY / "book").glob("*.md")}
    return {name: source for name, source in sources.items() if name.startswith("dgmlib")} | chapters


def test_no_class_is_defined_twice(library_and_book):
    assert defined_twice(library_and_book) == []


def test_a_class_that_a_chapter_copies_is_found(library_and_book):
    chapter = """
# A chapter

```{code-cell} ipython3
:tags: [hide-input]
:name: the copy
%matplotlib inline
class Table(torch.nn.Module):
    pass
```

Some text, ```class Text``` and class FVSBN: in prose.

```python
class FVSBN:  # shown, not run
    pass
```

````{code-cell} ipython3
---
tags: [remove-cell]
---
class Own:
    pass
````

```{code-cell}
%%bash
class Table: of no Python \\
    at all
```
"""
    found = defined_twice(library_and_book | {"chapter.md": cells(chapter)})
    assert found == ["Table: dgmlib.models.table, chapter.md"]
    assert defined_twice({"a.md": "class A: pass", "b.md": "class A: pass\nclass B: pass"}) == ["A: a.md, b.md"]
