"""The book's pages about the assignments are what the assignments make."""

import nbformat
import pytest

from grading import pages
from grading.case import Assignment
from grading.course import ROOT
from grading.generate import stems


def test_the_pages_are_up_to_date():
    assert pages.write(check=True) == []


def test_a_page_that_was_changed_or_left_over_is_named_and_mended(tmp_path):
    assert len(pages.write(book=tmp_path)) == len(stems()) + 1
    assert pages.write(check=True, book=tmp_path) == []
    (tmp_path / "proofs" / "alchemy.md").write_text("# Gold\n")
    (tmp_path / "assignments.md").write_text("# None\n")
    lines = ["book/proofs/alchemy.md: is no assignment's", "book/assignments.md: not as the assignment makes it"]
    assert pages.write(check=True, book=tmp_path) == lines
    assert (tmp_path / "assignments.md").read_text() == "# None\n"
    pages.write(book=tmp_path)
    assert pages.write(check=True, book=tmp_path) == lines[:1]


@pytest.mark.parametrize("stem", stems())
def test_an_assignment_takes_about_two_hours_and_is_of_forty_points(stem):
    assignment = Assignment(ROOT / "solutions" / stem / f"{stem}.ipynb")
    assert 60 <= pages.minutes(assignment) <= 180
    assert sum(assignment.most.values()) == 40


@pytest.mark.parametrize("stem", stems())
def test_the_lines_that_it_examines_are_the_lectures(stem):
    rows = (ROOT / "book" / "lecture.md").read_text().split("\n* - ")[1:]
    linked = {row.split("\n")[0] for row in rows if row.rstrip().split("\n")[5].endswith(f"{{doc}}`{stem}`")}
    assignment = Assignment(ROOT / "solutions" / stem / f"{stem}.ipynb")
    assert linked and set(assignment.examines) == linked


def test_an_assignment_without_times_is_named(tmp_path):
    path = tmp_path / "gold.ipynb"
    cells = [nbformat.v4.new_markdown_cell("# Gold"), nbformat.v4.new_markdown_cell("| 1 | lead | 5 |")]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), path)
    with pytest.raises(ValueError, match="gold: its first cell has no table of parts"):
        pages.minutes(Assignment(path))
