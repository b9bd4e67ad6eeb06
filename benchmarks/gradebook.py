"""A simulated class of 10,000 through the ledger and the gradebook: what grading costs when nothing is executed.

    python benchmarks/gradebook.py --submissions 10000 [--database postgresql://user@host/name]

adds an entry to benchmarks/gradebook.json. The sample class of chain_rule is graded once for real; each simulated
submission is one of these with a comment of its own, so that its key is its own, and its execution is replaced by the
recorded result. All else is the grader's own: intake, ledger, nbgrader's conversion, marks. Given are seconds for each
submission and the memory of the process at the end of each tenth of the class, since neither may grow with it; the
same command once more, which finds all done; and how many marks differ from those of the real run, which must be none.
"""

import argparse
import itertools
import json
import os
import resource
import shutil
import tempfile
import time
from pathlib import Path

import psutil

from grading import answers, execute, loop, parallel
from grading.course import ROOT, Course

STEM = "chain_rule"
MARK = "# the submission of "


def make(folder: Path, size: int) -> tuple[Course, list[str]]:
    """A course whose class has handed in; and the kinds of submissions, of which student n handed in the n-th."""
    shutil.copytree(ROOT / "solutions" / STEM, folder / "solutions" / STEM)
    course = Course(folder)
    course.generate(STEM)
    given = answers.load(STEM)
    kinds, written = list(given.SAMPLE_CLASS), []
    for kind in kinds:
        place = folder / "submitted" / kind / STEM
        place.mkdir(parents=True)
        shutil.copy(folder / "exercises" / STEM / f"{STEM}.ipynb", place)
        chosen = given.SAMPLE_CLASS[kind]
        sources = {cell: answers.source_of(given, cell, name) for cell, name in chosen.items()}
        sources.setdefault("count_parameters", "pass\n")
        sources["count_parameters"] += f"\n{MARK}nobody"
        loop.fill(place / f"{STEM}.ipynb", sources)
        written.append((place / f"{STEM}.ipynb").read_text("utf-8"))
    for number in range(size):
        place = folder / "submitted" / f"s{number:05d}" / STEM
        place.mkdir(parents=True)
        text = written[number % len(kinds)].replace(f"{MARK}nobody", f"{MARK}s{number:05d}")
        (place / f"{STEM}.ipynb").write_text(text, "utf-8")
    return course, kinds


def recorded(course: Course, kinds: list[str]) -> dict[str, dict]:
    """What a station said of each kind."""
    said, plain = {}, parallel.outcomes

    def keep(*args):
        for name, answer in plain(*args):
            said[name] = answer
            yield name, answer

    parallel.outcomes = keep
    done = parallel.grade(course, STEM, students=kinds)
    assert done.errors == {} and set(said) == set(kinds), done.errors
    return said


def simulated(course: Course, kinds: list[str], said: dict[str, dict], size: int) -> dict:
    """The class, graded from what is recorded."""

    def outcomes(jobs, *options):
        for name, _ in jobs:
            yield name, said[kinds[int(name[1:]) % len(kinds)]]

    def refuse(*which):
        raise AssertionError("nothing is to be executed")

    parallel.outcomes, execute.station = outcomes, refuse
    students, moments, memory = [f"s{number:05d}" for number in range(size)], [], []

    def say(student, result):
        moments.append((time.monotonic(), time.process_time()))
        if len(moments) % max(size // 10, 1) == 0:
            memory.append(psutil.Process().memory_info().rss >> 20)

    begin = (time.monotonic(), time.process_time())
    done = parallel.grade(course, STEM, students=students, say=say)
    assert done.errors == {} and len(done.fresh) == size, list(done.errors.items())[:3]
    whole = time.monotonic() - begin[0]
    tenth = max(size // 10, 1)
    marked = [begin, *moments[tenth - 1 :: tenth]][:11]
    each = [round((b[0] - a[0]) / tenth, 3) for a, b in itertools.pairwise(marked)]
    processor = [round((b[1] - a[1]) / tenth, 3) for a, b in itertools.pairwise(marked)]
    begin = time.monotonic()
    again = parallel.grade(course, STEM, students=students)
    assert again.fresh == [] and again.changes == []
    once_more = time.monotonic() - begin
    marks = course.marks(STEM)
    wrong = sum(marks[student] != marks[kinds[n % len(kinds)]] for n, student in enumerate(students))
    ledger = sum(path.stat().st_size for path in (course.folder / "ledger").rglob("*") if path.is_file())
    return {
        "submissions": size,
        "seconds": round(whole, 1),
        "seconds_each_by_tenth": each,
        "processor_seconds_each_by_tenth": processor,
        "memory_MiB_by_tenth": memory,
        "memory_MiB_highest": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10,
        "once_more_seconds": round(once_more, 1),
        "marks_that_differ": wrong,
        "ledger_MiB": ledger >> 20,
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--submissions", type=int, default=10_000)
    parser.add_argument("--database", help="where the gradebook is; SQLite in the course's folder without")
    options = parser.parse_args()
    os.environ["COURSE_SEED"] = "benchmark"
    if options.database:
        os.environ["COURSE_GRADEBOOK"] = options.database
    with tempfile.TemporaryDirectory() as folder:
        course, kinds = make(Path(folder), options.submissions)
        entry = simulated(course, kinds, recorded(course, kinds), options.submissions)
    name = "PostgreSQL" if options.database else "SQLite"
    place = Path(__file__).with_suffix(".json")
    kept = json.loads(place.read_text()) if place.exists() else {}
    kept["command"] = "python benchmarks/gradebook.py --submissions 10000 [--database URL]"
    kept["machine"] = f"{os.cpu_count()} CPU cores"
    kept[name] = entry
    print(json.dumps(entry, indent=1))
    place.write_text(json.dumps(kept, indent=1) + "\n")


if __name__ == "__main__":
    main()
