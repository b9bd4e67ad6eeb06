"""Every attack of ``tests/hostile/``, as a class handed in and graded by the real grader, and what it must come to.

An attack's file says what it must lose. Beside it always: what others wrote keeps its marks, no process outlives the
run, and no file outside of the course folder's own is touched.
"""

import hashlib
import importlib.util
import json
import os
import shutil
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import pytest
from bs4 import BeautifulSoup

from grading import answers, parallel
from grading.course import ROOT, Course
from grading.loop import fill, most_points
from grading.sandbox import FIRST_UID

pytestmark = pytest.mark.filterwarnings("ignore")

STEM = "chain_rule"
FOLDER = Path(__file__).parent / "hostile"
ANSWERS = answers.load(STEM)
SOLUTION = ROOT / "solutions" / STEM / f"{STEM}.ipynb"
RIGHT = {name: next(iter(given.values())) for name, given in ANSWERS.RIGHT.items()}
TEXT = {"why_factorise": "The chain rule is exact; restricting the conditionals is what saves."}
CHECKS = {name: points for name, points in most_points(SOLUTION).items() if name not in TEXT}
HONEST = ("honest_before", "zz_honest_after")
CELL_SECONDS = 10


def load(name):
    spec = importlib.util.spec_from_file_location(f"hostile_{name}", FOLDER / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


ATTACKS = {path.stem: load(path.stem) for path in sorted(FOLDER.glob("*.py"))}


def hand_in(course, name, attack=None):
    """A submission in its place: right answers, but for what the attack puts in their stead."""
    folder = course.folder / "submitted" / name / STEM
    folder.mkdir(parents=True)
    notebook = folder / f"{STEM}.ipynb"
    shutil.copy(course.folder / "exercises" / STEM / f"{STEM}.ipynb", notebook)
    fill(notebook, {**RIGHT, **TEXT, **getattr(attack, "SOURCES", {})})
    if hasattr(attack, "damage"):
        damaged = attack.damage(json.loads(notebook.read_text("utf-8")))
        notebook.write_bytes(damaged if isinstance(damaged, bytes) else json.dumps(damaged).encode())
    if hasattr(attack, "files"):
        attack.files(folder)


def fingerprint(folder):
    return {
        str(path): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.is_symlink() and path.suffix in (".ipynb", ".py")
    }


def strangers():
    """Processes of the sandbox's users."""
    found = []
    for process in psutil.process_iter(["uids", "cmdline"]):
        uids, line = process.info["uids"], process.info["cmdline"] or []
        if (uids and FIRST_UID <= uids.real < FIRST_UID + 4000) or "grading.inside" in line:
            found.append(process)
    return found


@pytest.fixture(scope="module")
def graded(tmp_path_factory):
    """The class, graded; with what was there before and after."""
    assert os.environ.get("COURSE_SANDBOX") != "none", "hostile code is run in a sandbox alone"
    folder = tmp_path_factory.mktemp("hostile")
    shutil.copytree(SOLUTION.parent, folder / "solutions" / STEM)
    notebook = folder / "solutions" / STEM / SOLUTION.name
    content = json.loads(notebook.read_text("utf-8"))
    content["metadata"]["grading"] = {**content["metadata"].get("grading", {}), "cell_seconds": CELL_SECONDS}
    notebook.write_text(json.dumps(content), "utf-8")
    course = Course(folder, folder / "exchange")
    course.generate(STEM)
    for name in HONEST:
        hand_in(course, name)
    for name, attack in ATTACKS.items():
        hand_in(course, name, attack)
    before = {place: fingerprint(place) for place in (folder / "solutions", folder / "submitted", ROOT / "dgmlib")}
    known = {process.pid for process in strangers()}  # of other tests
    done = parallel.grade(course, STEM, workers=2)
    after = {place: fingerprint(place) for place in before}
    left = [process for process in strangers() if process.pid not in known and os.getpid() in _ancestors(process)]
    return course, done, course.marks(STEM), before, after, left


def _ancestors(process):
    try:
        return {parent.pid for parent in process.parents()}
    except psutil.Error:
        return set()


def told(result):
    return " | ".join(o.get("evalue", "")[:200] for c in result["cells"].values() for o in c["outputs"])


@pytest.mark.parametrize("name", ATTACKS)
def test_an_attack_comes_to_what_it_must(graded, name):
    course, done, marks, *_ = graded
    attack, result = ATTACKS[name], done.results[name]
    assert name not in done.errors
    assert result["outcome"] == attack.OUTCOME, result["reason"]
    marks = marks[name]
    if attack.OUTCOME == "held":
        assert attack.REASON in result["reason"]
        assert all(marks[check] == 0 for check in CHECKS)
        with course.api.gradebook as gradebook:
            grades = [g for n in gradebook.find_submission(STEM, name).notebooks for g in n.grades]
            assert all(grade.auto_score is None and grade.needs_manual_grade for grade in grades)
        return
    wanted = {check: 0.0 if check in attack.LOSES else points for check, points in CHECKS.items()}
    assert {check: marks[check] for check in CHECKS} == wanted, told(result)


@pytest.mark.parametrize("name", HONEST)
def test_who_was_honest_keeps_every_point(graded, name):
    _, done, marks, *_ = graded
    assert done.results[name]["outcome"] == "graded"
    assert {check: marks[name][check] for check in CHECKS} == CHECKS


def test_nothing_outside_is_touched_and_nobody_is_left(graded):
    *_, before, after, left = graded
    assert before == after
    assert left == []


SCRIPTED = [
    name for name in ATTACKS if name.startswith(("scripts_in", "template_in", "text_with", "shows_", "display_hook"))
]


@pytest.mark.parametrize("name", SCRIPTED)
def test_feedback_of_an_attack_does_no_more_than_of_an_honest_page(graded, name):
    course, *_ = graded
    honest, page = (_page(course, who) for who in (HONEST[0], name))
    assert [s.get_text() for s in page.select("script")] == [s.get_text() for s in honest.select("script")]
    assert not page.select("iframe, object, embed, form, svg, link[rel=import], base, meta[http-equiv=refresh]")
    for element in page.select("*"):
        for attribute, value in element.attrs.items():
            assert not attribute.lower().startswith("on"), element
            if attribute in ("href", "src", "xlink:href", "action", "formaction"):
                own = value.startswith("data:image/png;base64,")
                assert own or urlsplit(value.strip()).scheme.lower() in ("", "http", "https"), element
    for shown in page.select("pre"):  # in which formulas are not set
        shown.decompose()
    assert "\\href" not in page.get_text() and "\\require" not in page.get_text()


def _page(course, student):
    assert course.api.generate_feedback(STEM, student)["success"]
    return BeautifulSoup(
        (course.folder / "feedback" / student / STEM / f"{STEM}.html").read_text("utf-8"), "html.parser"
    )
