"""A class graded: submissions a minute against plain nbgrader's in the same run, memory, and runs that are killed.

    python benchmarks/grader.py

writes benchmarks/grader.json. The class is made of the project's own right and wrong answers to chain_rule, one in
twenty slow (a cell that sleeps two seconds) and one in twenty hostile (tests/hostile). Plain nbgrader autogrades some
of the harmless ones with its own preprocessors, in groups before and after the class; both sides write into a gradebook
in SQLite. Memory is the largest sum, over samples, of what the grader's own processes have for themselves (the
sandboxed ones, whose limit is a setting, are counted apart); it is given for the first and the last third of the class,
since it must not grow. "killed" is a class whose run is ended by SIGKILL at random moments and started again until it
is done: its marks must be those of a run that nobody killed, and each submission must have been graded once.
"""

import argparse
import importlib.util
import json
import os
import random
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import psutil
from nbgrader.converters import Autograde

from grading import answers, loop
from grading.course import ROOT, Course
from grading.ledger import Ledger

STEM = "chain_rule"
ATTACKS = ["leaves_the_kernel", "loops_when_called", "memory", "file_cut_off", "patches_the_servant", "fork_bomb"]
GIVEN = answers.load(STEM)


def attack(name: str):
    """A module of tests/hostile."""
    spec = importlib.util.spec_from_file_location(name, ROOT / "tests" / "hostile" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def make(folder: Path, size: int) -> tuple[Course, list[str]]:
    """A course with a class that has handed in; the course, and who is harmless and not slow."""
    shutil.copytree(ROOT / "solutions" / STEM, folder / "solutions" / STEM)
    notebook = folder / "solutions" / STEM / f"{STEM}.ipynb"
    content = json.loads(notebook.read_text("utf-8"))
    content["metadata"]["grading"] = {**content["metadata"].get("grading", {}), "cell_seconds": 10}
    notebook.write_text(json.dumps(content), "utf-8")
    course = Course(folder, folder / "exchange")
    course.generate(STEM)
    right = {name: next(iter(given.values())) for name, given in GIVEN.RIGHT.items()}
    kinds, harmless = list(GIVEN.SAMPLE_CLASS), []
    for number in range(size):
        student = f"s{number:05d}"
        place = folder / "submitted" / student / STEM
        place.mkdir(parents=True)
        shutil.copy(folder / "exercises" / STEM / f"{STEM}.ipynb", place)
        chosen = GIVEN.SAMPLE_CLASS[kinds[number % len(kinds)]]
        sources = {cell: answers.source_of(GIVEN, cell, name) for cell, name in chosen.items()}
        damage = None
        if number % 20 == 7:
            module = attack(ATTACKS[number // 20 % len(ATTACKS)])
            sources, damage = {**right, **module.SOURCES}, getattr(module, "damage", None)
        elif number % 20 == 13:
            sources["underflow"] = "import time\ntime.sleep(2)\n" + sources.get("underflow", "")
        else:
            harmless.append(student)
        loop.fill(place / f"{STEM}.ipynb", sources)
        if damage:
            damaged = damage(json.loads((place / f"{STEM}.ipynb").read_text("utf-8")))
            content = damaged if isinstance(damaged, bytes) else json.dumps(damaged).encode()
            (place / f"{STEM}.ipynb").write_bytes(content)
    return course, harmless


def start(folder: Path, workers: int) -> subprocess.Popen:
    """The command that an instructor types."""
    words = [sys.executable, "-m", "grading", "grade", STEM, "--course", str(folder), "--workers", str(workers)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "COURSE_SEED": "benchmark"}
    return subprocess.Popen(words, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT)


def watch(run: subprocess.Popen, samples: list, pause: float = 1.0) -> None:
    """Sample what the grader's processes, and the sandboxed ones, have for themselves, until the run ends."""
    while run.poll() is None:
        own, boxed = 0, 0
        try:
            for process in [psutil.Process(run.pid), *psutil.Process(run.pid).children(recursive=True)]:
                try:
                    size = process.memory_full_info().uss
                    if "grading.inside" in process.cmdline():
                        boxed += size
                    else:
                        own += size
                except psutil.Error:
                    continue
        except psutil.Error:
            continue
        samples.append((time.monotonic(), own, boxed))
        time.sleep(pause)


def plain(course: Course, students: list[str]) -> list[float]:
    """Seconds of plain nbgrader for each of some students, on its own preprocessors and a gradebook of its own."""
    seconds = []
    for name in ("exporter_class", "sanitize_preprocessors", "autograde_preprocessors"):
        course.api.config.Autograde.pop(name, None)
    course.api.update_config(course.api.config)
    os.environ["OMP_NUM_THREADS"] = "1"
    for student in students:
        begin = time.perf_counter()
        course.autograde(STEM, student)
        seconds.append(time.perf_counter() - begin)
    assert Autograde.autograde_preprocessors is not None
    return seconds


def marks(course: Course) -> bytes:
    """All marks, as bytes."""
    return json.dumps(course.marks(STEM), sort_keys=True).encode()


def whole_class(size: int, workers: int, sample: int) -> dict:
    """A class against plain nbgrader, which grades a sample of it before and after."""
    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as two:
        course, harmless = make(Path(one), size)
        other, _ = make(Path(two), size)
        chosen = random.Random(0).sample(harmless, 2 * sample)
        seconds = plain(other, chosen[:sample])
        begin, samples = time.monotonic(), []
        run = start(Path(one), workers)
        watcher = threading.Thread(target=watch, args=(run, samples))
        watcher.start()
        run.wait()
        wall = time.monotonic() - begin
        watcher.join()
        seconds += plain(other, chosen[sample:])
        found, wanted = course.marks(STEM), other.marks(STEM)
        differ = [s for s in chosen if found[s] != wanted[s]]
        thirds = [[s for s in samples if begin + k * wall / 3 <= s[0] < begin + (k + 1) * wall / 3] for k in (0, 2)]
        return {
            "submissions": size,
            "seconds": round(wall, 1),
            "seconds_each": round(wall / size, 3),
            "a_minute": round(60 * size / wall, 1),
            "plain_seconds_each": round(statistics.mean(seconds), 3),
            "plain_a_minute": round(60 / statistics.mean(seconds), 1),
            "plain_lowest_highest": [round(min(seconds), 2), round(max(seconds), 2)],
            "plain_sample": len(seconds),
            "ratio": round(statistics.mean(seconds) / (wall / size), 1),
            "marks_that_differ_from_plain": len(differ),
            "memory_MiB": {
                "first third": max(s[1] for s in thirds[0]) >> 20,
                "last third": max(s[1] for s in thirds[1]) >> 20,
                "sandboxed, at most": max(s[2] for s in samples) >> 20,
            },
        }


def killed(size: int, workers: int, kills: int) -> dict:
    """A class whose run is killed again and again."""
    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as two:
        calm, _ = make(Path(one), size)
        assert start(Path(one), workers).wait() == 0
        course, _ = make(Path(two), size)
        moments, done = random.Random(1), 0
        ledger = Ledger(Path(two, "ledger"), STEM)
        for _ in range(kills):
            before = sum(len(ledger.attempts(s)) for s in ledger.students())
            run = start(Path(two), workers)
            aim = before + moments.randint(0, max(size // kills, 1))
            while run.poll() is None and sum(1 for _ in ledger.folder.glob("students/*/[0-9]*.json")) < aim:
                time.sleep(0.02)
            time.sleep(moments.random() * 2)
            if run.poll() is None:
                run.send_signal(signal.SIGKILL)
                done += 1
            run.wait()
        assert start(Path(two), workers).wait() == 0
        attempts = [len(ledger.attempts(student)) for student in ledger.students()]
        return {
            "submissions": size,
            "kills": done,
            "marks_identical": marks(calm) == marks(course),
            "graded_twice": sum(n > 1 for n in attempts),
            "missing": size - len(attempts),
        }


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--submissions", type=int, default=300)
    parser.add_argument(
        "--sample", type=int, default=5, help="harmless ones for plain nbgrader, before and again after"
    )
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--kills", type=int, default=10)
    options = parser.parse_args()
    result = {
        "command": f"python benchmarks/grader.py --submissions {options.submissions} --workers {options.workers}",
        "machine": f"{os.cpu_count()} CPU cores",
        "class": whole_class(options.submissions, options.workers, options.sample),
    }
    print(json.dumps(result["class"], indent=1), flush=True)
    result["killed"] = killed(24, options.workers, options.kills)
    print(json.dumps(result["killed"], indent=1), flush=True)
    Path(__file__).with_suffix(".json").write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
