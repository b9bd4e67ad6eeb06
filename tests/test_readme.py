"""What the README, CONTRIBUTING and the workflows say is so: files and commands exist, the table follows the names."""

import ast
import re
import subprocess
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text("utf-8")
DOCUMENTS = ["README.md", "CONTRIBUTING.md", "book/students.md", "book/instructors.md"]
ERRORS = [["ValueError"], ["OSError"]]
COLUMNS = {"chapter": "book/{}.md", "exercise": "exercises/{0}/{0}.ipynb", "solution": "solutions/{0}/{0}.ipynb"}


def links(text: str) -> list[str]:
    return [link for link in re.findall(r"\]\(([^)#\s]+)", text) if "://" not in link]


def make_targets(text: str) -> set[str]:
    """The targets of every make command that stands as code in a text: in a block, between backticks, after run."""
    code = re.findall(r"```.*?```|`[^`]*`|run: .*", text, re.S)
    return set(re.findall(r"(?:^|[`;&:]) *make(?: +[A-Z]+=\S+)* +([a-z]+)\b", "\n".join(code), re.M))


def unknown_targets(text: str) -> list[str]:
    return [
        target
        for target in sorted(make_targets(text))
        if subprocess.run(["make", "--dry-run", target], cwd=ROOT, capture_output=True).returncode
    ]


def table(text: str) -> list[dict[str, str]]:
    """The rows of the table of concepts."""
    rows = [[cell.strip() for cell in line[1:-1].split("|")] for line in text.splitlines() if line.startswith("|")]
    head, _, *body = rows
    return [dict(zip(head, row, strict=True)) for row in body]


def misplaced(rows: list[dict[str, str]]) -> list[str]:
    """Cells that break the rule of names: what belongs to a chapter has its stem, and is shown as soon as it exists."""
    wrong = []
    for row in rows:
        stem = re.match(r"\[(\w+)\]", row["chapter"])[1]
        for column, pattern in COLUMNS.items():
            path = pattern.format(stem)
            wanted = f"[{stem}]({path})" if (ROOT / path).exists() else ""
            if row[column] != wanted:
                wrong.append(f"{stem}, {column}: {row[column]!r}, wanted {wanted!r}")
    return wrong


@pytest.mark.parametrize("name", DOCUMENTS)
def test_links_lead_to_files(name):
    path = ROOT / name
    assert [link for link in links(path.read_text("utf-8")) if not (path.parent / link).exists()] == []


@pytest.mark.parametrize("name", [*DOCUMENTS, ".ci/run", ".github/workflows/check.yml", ".github/workflows/weekly.yml"])
def test_commands_exist(name):
    assert unknown_targets((ROOT / name).read_text("utf-8")) == []


def test_the_two_commands_come_first():
    assert re.findall(r"^make (\w+)", README, re.M)[:2] == ["book", "test"]


def test_the_table_follows_the_chapters_and_their_names():
    rows = table(README)
    toc = yaml.safe_load((ROOT / "_toc.yml").read_text("utf-8"))
    chapters = [chapter["file"] for part in toc["parts"] if part.get("numbered") for chapter in part["chapters"]]
    assert [re.match(r"\[(\w+)\]", row["chapter"])[1] for row in rows] == chapters
    assert misplaced(rows) == []


def test_every_module_stands_in_the_api():
    api = (ROOT / "book" / "api.md").read_text("utf-8")
    modules = {
        ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        for folder in ("dgmlib", "dgmlib/models")
        for path in [*(ROOT / folder).glob("*.py"), *(ROOT / folder).glob("*/__init__.py")]
    }
    documented = set(re.findall(r"automodule:: (\S+)", api))
    assert modules - documented == {"dgmlib", "dgmlib.models", "dgmlib.__main__"}  # the last says it in its help


def example(node: ast.FunctionDef | ast.ClassDef) -> str:
    """The lines of a docstring that pytest runs."""
    return "\n".join(re.findall(r"^ *(?:>>>|\.\.\.) (.*)", ast.get_docstring(node) or "", re.M))


def without_example(*sources: str) -> set[str]:
    """Public functions, classes and methods, errors apart, that no docstring shows at work.

    A method's example stands in its own docstring, in its class's, or in that of the method that it overrides.
    """
    public = [n for s in sources for n in ast.parse(s).body if isinstance(n, (ast.FunctionDef, ast.ClassDef))]
    bases = {n.name: [ast.unparse(b) for b in n.bases] for n in public if isinstance(n, ast.ClassDef)}
    public = [n for n in public if not n.name.startswith("_") and bases.get(n.name) not in ERRORS]
    shown = {n.name: bool(example(n)) for n in public}
    for n in (n for n in public if isinstance(n, ast.ClassDef)):
        for m in (m for m in n.body if isinstance(m, ast.FunctionDef) and not m.name.startswith("_")):
            shown[f"{n.name}.{m.name}"] = bool(example(m) or re.search(rf"\.{m.name}\b", example(n)))

    def inherited(owner: str, method: str) -> bool:
        return shown.get(f"{owner}.{method}", False) or any(inherited(b, method) for b in bases.get(owner, []))

    return {name for name, good in shown.items() if not good and not ("." in name and inherited(*name.split(".")))}


def test_every_public_name_has_an_example_that_runs():
    """pytest runs them all, as doctests. The command line shows its own in ``--help``."""
    paths = [p for p in (ROOT / "dgmlib").rglob("*.py") if p.name != "__main__.py"]
    assert without_example(*(p.read_text("utf-8") for p in paths)) == set()


def test_a_name_without_an_example_is_found():
    base = """
class Error(ValueError): ...
class Bare:
    "Prose about >>> is no example."
class Base:
    ">>> Base().shown()"
    def shown(self): ...
    def own(self):
        ">>> 1"
    def bare(self): "Prose."
    def _private(self): ...
def bare(): ...
def _private(): ..."""
    child = """
class _Between(Base): ...
class Child(_Between):
    ">>> Child().showing"
    def own(self): ...
    def show(self): ..."""
    assert without_example(base, child) == {"Bare", "Base.bare", "bare", "Child.show"}


def test_workflows_and_citation_are_valid_and_run_what_exists():
    for path in [
        *(ROOT / ".github" / "workflows").glob("*.yml"),
        ROOT / ".pre-commit-config.yaml",
        ROOT / "CITATION.cff",
    ]:
        assert isinstance(yaml.safe_load(path.read_text("utf-8")), dict)
        for command in re.findall(r"run: (\.\S+)", path.read_text("utf-8")):
            assert command.startswith(".venv/") or (ROOT / command).exists(), command


def test_the_checks_can_fail():
    assert make_targets("then `make PYTHON=python3.12 fly`, or make haste\nrun: make book # and make do") == {
        "fly",
        "book",
    }
    assert unknown_targets("`make fly`") == ["fly"]
    rows = table("|chapter|exercise|solution|\n|---|---|---|\n|[chain_rule](book/chain_rules.md)|[x](y)||")
    assert [line.split(":")[0] for line in misplaced(rows)][:2] == ["chain_rule, chapter", "chain_rule, exercise"]
