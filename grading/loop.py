"""The whole loop on a small class: released, fetched, submitted, collected, graded, read, sent back, exported.

The students are the project's own right and wrong answers, so their marks are known beforehand.
"""

import json
import logging
import shutil
import sys
import time
from pathlib import Path

from grading import answers
from grading.course import ROOT, Course, StepFailed, Student


def fill(notebook: Path, sources: dict[str, str]) -> None:
    """Write answers into the cells of a released notebook, found by their grade_id."""
    content = json.loads(notebook.read_text(encoding="utf-8"))
    cells = {cell["metadata"].get("nbgrader", {}).get("grade_id"): cell for cell in content["cells"]}
    for name, source in sources.items():
        cells[name]["source"] = source.strip("\n").splitlines(keepends=True)
    notebook.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def run(stem: str, folder: Path, students: list[str] | None = None, say=lambda line: None) -> Course:
    """Run the loop in a course folder and its ``exchange/``, with students' folders in ``homes/``.

    Args:
        stem: the assignment.
        folder: the course folder; the assignment's solution is copied there.
        students: some of the sample class, all of it without.
        say: called with a line for each step done, as it is done.

    Returns:
        The course, whose gradebook holds the marks; they are exported to ``grades.csv`` in its folder.

    Raises:
        StepFailed: if a step fails, or the gradebook that ``COURSE_GRADEBOOK`` names is in use: made-up students have
            no place among real ones.
    """
    given = answers.load(stem)
    folder = Path(folder)
    shutil.copytree(ROOT / "solutions" / stem, folder / "solutions" / stem, dirs_exist_ok=True)
    course = Course(folder, folder / "exchange")
    # All of the class submits from one account here; in a real one the warning about that stays on.
    course.config.ExchangeCollect.check_owner = False
    course.api.update_config(course.config)

    with course.api.gradebook as gradebook:
        if gradebook.students or gradebook.assignments:
            raise StepFailed(
                "COURSE_GRADEBOOK: got a gradebook that is in use, wanted an empty one for the sample class"
            )
    course.generate(stem)
    course.release(stem)
    say(f"generated and released {stem}")
    names = list(given.SAMPLE_CLASS) if students is None else students
    class_ = {name: Student(name, folder / "homes" / name, course) for name in names}
    for name, student in class_.items():
        chosen = given.SAMPLE_CLASS[name]
        fill(student.fetch(stem), {cell: answers.source_of(given, cell, which) for cell, which in chosen.items()})
        student.submit(stem)
    course.collect(stem)
    say(f"{len(class_)} students fetched it and submitted; collected")
    for name, student in class_.items():
        start = time.perf_counter()
        course.autograde(stem, name)
        for cell, texts in given.EXPLANATIONS.items():
            which = given.SAMPLE_CLASS[name].get(cell)
            if which is not None:
                course.mark(stem, name, cell, texts[which].points, texts[which].comment)
        course.feedback(stem, name)
        student.fetch_feedback(stem)
        say(f"{name}: autograded, explanation marked, feedback sent ({time.perf_counter() - start:.1f} s)")
    course.export(folder / "grades.csv")
    say(f"exported {folder / 'grades.csv'}")
    return course


def table(marks: dict[str, dict[str, float]], most: dict[str, float]) -> str:
    """The marks, a row for each graded cell and a column for each student."""
    students = list(marks)
    width = max(len(cell) for cell in [*most, "total"])
    columns = [max(len(student), 5) for student in students]

    def row(name, numbers, top):
        cells = [f"{number:{w}g}" for number, w in zip(numbers, columns, strict=True)]
        return "  ".join([f"{name:{width}}", f"{top:5g}", *cells])

    head = "  ".join(
        [f"{'':{width}}", "   of", *(f"{student:>{w}}" for student, w in zip(students, columns, strict=True))]
    )
    rows = [row(cell, [marks[s][cell] for s in students], top) for cell, top in most.items()]
    total = row("total", [sum(marks[s].values()) for s in students], sum(most.values()))
    return "\n".join([head, *rows, "-" * len(head), total])


def most_points(notebook: Path) -> dict[str, float]:
    """The points of every graded cell of a notebook, in its order."""
    cells = [cell["metadata"].get("nbgrader", {}) for cell in json.loads(notebook.read_text(encoding="utf-8"))["cells"]]
    return {cell["grade_id"]: cell["points"] for cell in cells if cell.get("grade")}


def main(stem: str, folder: Path) -> int:
    """Run the loop and print the marks."""
    logging.basicConfig(stream=sys.stderr, format="%(message)s", level=logging.WARNING)
    try:
        course = run(stem, folder, say=lambda line: print(line, flush=True))
    except StepFailed as failure:
        print(failure, file=sys.stderr)
        return 1
    marks = course.marks(stem)
    marks = {student: marks[student] for student in answers.load(stem).SAMPLE_CLASS}
    print()
    print(table(marks, most_points(folder / "solutions" / stem / f"{stem}.ipynb")))
    return 0
