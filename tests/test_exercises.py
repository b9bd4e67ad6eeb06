"""The students' notebooks are what the solutions make, to the byte, and give nothing away."""

import ast
import json
import re
import shutil
import warnings
from pathlib import Path

import matplotlib
import nbformat
import pytest
import torch

from grading.__main__ import main
from grading.generate import differences, generate, stems

ROOT = Path(__file__).resolve().parent.parent
STEMS = stems()
SOLUTION = re.compile(r"### BEGIN SOLUTION\n(.*?)### END SOLUTION", re.DOTALL)
HIDDEN = re.compile(r"### BEGIN HIDDEN TESTS\n(.*?)### END HIDDEN TESTS", re.DOTALL)


def read(folder, stem):
    return json.loads((ROOT / folder / stem / f"{stem}.ipynb").read_text(encoding="utf-8"))


def sources(notebook):
    return {cell["id"]: "".join(cell["source"]) for cell in notebook["cells"]}


def graded(cell):
    return cell["metadata"].get("nbgrader", {})


def leaks(solution, release):
    """Lines of the solution's secret regions that stand in the release, and traces of the regions themselves."""
    text = "\n".join(sources(release).values())
    secret = [
        line.strip()
        for source in sources(solution).values()
        for region in (*SOLUTION.findall(source), *HIDDEN.findall(source))
        for line in region.splitlines()
    ]
    public = SOLUTION.sub("", HIDDEN.sub("", "\n".join(sources(solution).values())))
    found = [line for line in secret if len(line) > 12 and line not in public and line in text]
    return found + re.findall(r"BEGIN SOLUTION|END SOLUTION|BEGIN HIDDEN|END HIDDEN|RUBRIC|Rubric", text)


def test_there_are_assignments():
    assert "chain_rule" in STEMS


def test_exercises_are_what_solutions_make():
    assert generate(check=True) == []


def test_a_tampered_copy_is_found_and_mended(tmp_path):
    stem = "chain_rule"
    for folder in ("solutions", "exercises"):
        shutil.copytree(ROOT / folder / stem, tmp_path / folder / stem)
    path = tmp_path / "exercises" / stem / f"{stem}.ipynb"
    whole = path.read_bytes()
    path.write_bytes(whole.replace(b"equal_to(count_table(3), 7", b"equal_to(count_table(3), 8"))
    (path.parent / "notes.txt").write_text("left here")
    (tmp_path / "exercises" / "alchemy").mkdir()
    assert generate(check=True, root=tmp_path) == [
        "exercises/alchemy: has no solutions/alchemy",
        "exercises/chain_rule/chain_rule.ipynb: cell count_parameters_checks differs",
        "exercises/chain_rule/notes.txt: should not be there",
    ]
    generate(root=tmp_path)
    assert path.read_bytes() == whole
    assert not (path.parent / "notes.txt").exists()


def test_differences_name_file_and_cell():
    def notebook(source, **more):
        return json.dumps({"cells": [{"id": "one", "source": source}], **more}).encode()

    assert differences({"a": b"1"}, {}) == ["a: missing"]
    assert differences({}, {"a": b"1"}) == ["a: should not be there"]
    assert differences({"a.ipynb": notebook("x")}, {"a.ipynb": notebook("y")}) == ["a.ipynb: cell one differs"]
    outside = differences({"a.ipynb": notebook("x")}, {"a.ipynb": notebook("x", metadata={})})
    assert outside == ["a.ipynb: differs outside its cells"]
    assert differences({"a.ipynb": notebook("x")}, {"a.ipynb": b"no json"}) == ["a.ipynb: cell one differs"]
    assert differences({"a": b"1"}, {"a": b"1"}) == []


@pytest.mark.parametrize(("lines", "status"), [([], 0), (["exercises/a: missing"], 1)])
def test_the_command_fails_if_exercises_are_old(monkeypatch, capsys, lines, status):
    monkeypatch.setattr("grading.generate.generate", lambda check: lines)
    assert main(["generate", "--check"]) == status
    assert capsys.readouterr().out.strip() == ("\n".join(lines) or "exercises/ is what solutions/ makes")


@pytest.mark.parametrize("stem", STEMS)
def test_the_release_gives_nothing_away(stem):
    solution, release = read("solutions", stem), read("exercises", stem)
    assert leaks(solution, release) == []
    assert len(leaks(solution, solution)) > 50  # the same eyes see what is there to be seen


@pytest.mark.parametrize("folder", ["solutions", "exercises"])
@pytest.mark.parametrize("stem", STEMS)
def test_notebooks_are_kept_without_outputs_and_in_one_form(stem, folder):
    path = ROOT / folder / stem / f"{stem}.ipynb"
    text = path.read_text(encoding="utf-8")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        notebook = nbformat.reads(text, as_version=4)
        nbformat.validate(notebook)
    assert nbformat.writes(notebook).rstrip("\n") + "\n" == text
    for cell in notebook.cells:
        assert cell.get("outputs", []) == [] and cell.get("execution_count") is None, cell.id
        assert cell.metadata.get("nbgrader", {}).get("grade_id", cell.id) == cell.id
    assert [p.name for p in path.parent.iterdir() if p.name != ".ipynb_checkpoints"] == [path.name]


@pytest.mark.parametrize("stem", STEMS)
def test_each_graded_cell_is_one_idea_with_checks_seen_and_kept_back(stem):
    cells = {cell["id"]: cell for cell in read("solutions", stem)["cells"]}
    written = [name for name, cell in cells.items() if graded(cell).get("solution") and cell["cell_type"] == "code"]
    points = [name for name, cell in cells.items() if graded(cell).get("grade") and cell["cell_type"] == "code"]
    assert points == [f"{name}_{kind}" for name in written for kind in ("checks", "kept")]
    for name in points:
        hidden = HIDDEN.findall("".join(cells[name]["source"]))
        assert len(hidden) == name.endswith("_kept"), name
    by_hand = [name for name, cell in cells.items() if graded(cell).get("grade") and cell["cell_type"] == "markdown"]
    assert by_hand and all("Rubric" in "".join(cells[name]["source"]) for name in by_hand)


def leaked_names(source):
    """Names that a kept-back check leaves behind, where a student's function of that name would be lost."""
    body = ast.parse(source).body
    return [ast.unparse(n) for n in body if not (isinstance(n, ast.FunctionDef) and n.name == "kept_back")][:-1]


@pytest.mark.parametrize("stem", STEMS)
def test_kept_back_checks_touch_no_name_of_a_student(stem):
    for cell in read("solutions", stem)["cells"]:
        if cell["id"].endswith("_kept"):
            source = "".join(cell["source"])
            assert source.endswith("\nkept_back()\n### END HIDDEN TESTS"), cell["id"]
            assert leaked_names(source) == [], cell["id"]
    assert leaked_names("x = 1\ndef kept_back():\n    y = 2\nkept_back()") == ["x = 1"]


@pytest.mark.parametrize("stem", STEMS)
def test_the_library_does_not_bring_the_answers(stem):
    imported = set()
    for cell in read("solutions", stem)["cells"]:
        if cell["cell_type"] == "code":
            for node in ast.walk(ast.parse("".join(cell["source"]))):
                if isinstance(node, ast.ImportFrom):
                    imported |= {f"{node.module}.{alias.name}" for alias in node.names}
                elif isinstance(node, ast.Import):
                    imported |= {alias.name for alias in node.names}
    assert any(name.startswith("dgmlib.checks") for name in imported)
    assert not [name for name in imported if re.match(r"dgmlib\.(models?|compression|causality)\b", name)]


def headings(text):
    return re.findall(r"^#+ +(.*?)\s*$", text, re.MULTILINE)


@pytest.mark.parametrize("stem", STEMS)
def test_every_section_that_a_check_names_is_in_the_book(stem):
    named = re.findall(r'see ?= ?"([^"]*)"', "\n".join(sources(read("solutions", stem)).values()))
    assert named
    for see in named:
        chapter, _, section = see.partition(": ")
        assert section in headings((ROOT / "book" / f"{chapter}.md").read_text(encoding="utf-8")), see
    assert "Log space" not in headings("# Logs\ntext about Log space")


@pytest.mark.parametrize("stem", STEMS)
def test_the_starter_runs_from_top_to_bottom(stem):
    matplotlib.use("agg")
    torch.set_default_dtype(torch.float32)
    namespace = {"__name__": "__main__"}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a figure that is shown on no screen
        for cell in read("exercises", stem)["cells"]:
            if cell["cell_type"] == "code" and not graded(cell).get("grade"):
                exec(compile("".join(cell["source"]), cell["id"], "exec"), namespace)
