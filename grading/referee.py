"""One submission judged: given cells on both sides, answers on the student's, checks on the referee's with stand-ins.

    python -m grading.referee OPTIONS

is a *station*: a process that student code never enters. It keeps a sandbox warm, reads a job a line from its standard
input, forks a referee for each, and writes a result a line. What a check did to torch or to the environment dies with
its referee.
"""

import base64
import contextlib
import gc
import json
import math
import os
import select
import signal
import subprocess
import sys
import time

from grading.inside import WARM
from grading.sandbox import ROOT, NoSandbox, Sandbox, how_it_ended

CELL_SECONDS = 120.0  # for a cell, and for a check with all that it asks
NOTEBOOK_SECONDS = 900.0
MEMORY = 12 << 30  # of the referee's address space
PNG = b"\x89PNG\r\n\x1a\n"
PICTURES = 16 << 20  # characters of a notebook's pictures


# -------------------------------------------------------------------------------------------- the referee's own process


def as_outputs(told) -> list[dict]:
    """What a shell put out, from whoever claims it, as a notebook's outputs: text, pictures and errors alone."""
    outputs = []
    for output in told if isinstance(told, list) else []:
        match output:
            case ["text", str(words)]:
                outputs.append({"output_type": "stream", "name": "stdout", "text": words})
            case ["value", str(words), picture] if picture is None or isinstance(picture, bytes):
                data = {"text/plain": words}
                if picture and picture.startswith(PNG):
                    data["image/png"] = base64.b64encode(picture).decode()
                outputs.append({"output_type": "display_data", "data": data, "metadata": {}})
            case ["error", str(name), str(words), list(lines)] if all(isinstance(line, str) for line in lines):
                outputs.append(an_error(name, words, lines))
    return outputs


def an_error(name: str, words: str, lines: list[str] = ()) -> dict:
    """An error as a notebook's output."""
    lines = list(lines) or [f"{name}: {words}"]
    return {"output_type": "error", "ename": name, "evalue": words, "traceback": lines}


class Play:
    """A student's process through the cells of a notebook, started again where a cell ends it.

    Args:
        sandbox: where it runs.
        seed: what the seeds of calls are made from.
        seconds: limit for a cell.
        until: when the notebook's time is up, on the monotonic clock.
    """

    def __init__(self, sandbox: Sandbox, seed: str, seconds: float, until: float):
        from grading.standin import Student
        from grading.wire import Line

        self.sandbox, self.seed, self.seconds, self.until = sandbox, seed, seconds, until
        self.student_of, self.line_of = Student, Line
        self.cells, self.starts = [], 0  # sources that did not end their process
        self.student = self.leash = None

    def left(self) -> float:
        """Seconds that the next thing may take."""
        return max(min(self.seconds, self.until - time.monotonic()), 0.1)

    def alive(self) -> bool:
        """Whether there is a process that answers."""
        return self.student is not None and not self.student.line.dead

    def start(self) -> None:
        """Have a process in which all cells so far have run."""
        while not self.alive():
            self.stop()
            self.starts += 1
            connection, self.leash = self.sandbox.student()
            self.student = self.student_of(self.line_of(connection), self.left(), f"{self.seed} {self.starts}")
            for index, source in enumerate(self.cells):
                self.tell(source)
                if not self.alive():  # this time it was this one
                    del self.cells[index]
                    break

    def tell(self, source: str) -> tuple[list[dict], int | None]:
        """Run a cell in the process that is there; its outputs and its number."""
        self.student.seconds = self.left()
        try:
            told = self.student.ask("run", source=source)
        except Exception as error:
            words = str(error) if self.alive() else self.why(str(error))
            return [an_error("CellEnded", words)], None
        match told:
            case [outputs, bool(), int(number), float()]:
                return as_outputs(outputs), number if 0 < number < 10_000 else None
        return [an_error("CellEnded", "what came back is no account of a cell")], None

    def run(self, source: str) -> tuple[list[dict], int | None]:
        """Run the next cell; one that ends the process is left out when the others are run again."""
        self.start()
        outputs, number = self.tell(source)
        if self.alive():
            self.cells.append(source)
        return outputs, number

    def why(self, words: str) -> str:
        """What a student should know of the end of their process."""
        if "no answer in time" in words:
            return f"this took more than {self.seconds:.0f} seconds and was ended"
        if "process is gone" in words or "connection broke" in words:
            return f"your code's process is gone: {how_it_ended(self.leash)}"
        return words

    def stop(self) -> None:
        """End the process."""
        if self.leash is not None:
            self.leash.close()
            if not self.student.line.dead:
                self.student.line.connection.close()
        self.student = self.leash = None


class OutOfTime(Exception):
    """A check that took too long."""


def check(shell, play: Play, source: str, names: list[str]) -> tuple[list[dict], bool, int]:
    """Run a check on the referee's side; its outputs, whether it passed, and its number."""
    play.start()
    play.student.seconds = play.left()
    number = shell.execution_count
    for name in names:
        shell.user_ns.pop(name, None)
    try:
        shell.user_ns.update(play.student.names(names))
    except Exception as error:
        words = str(error) if play.alive() else play.why(str(error))
        return [an_error("AssertionError", words)], False, number
    words = "this check took too long: what your code gave back keeps it busy"

    def ring(*about):
        play.student.line.dead = play.student.line.dead or words  # it may have been in the middle of an answer
        raise OutOfTime(words)

    signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, play.left() + 2)
    play.student.until = time.monotonic() + play.left()
    try:
        outputs, passed, number, _ = shell.run(source)
    except OutOfTime:
        return [an_error("OutOfTime", words)], False, number
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        play.student.until = math.inf
    outputs = as_outputs(outputs)
    if not play.alive():
        passed = False
        outputs.append(an_error("AssertionError", play.why(play.student.line.dead)))
    return outputs, passed, number


def judge(job: dict, sandbox: Sandbox) -> dict[str, dict]:
    """The outcome of each code cell that has a name, and by its place of each that has none.

    Args:
        job: ``cells`` (each with ``key``, ``role`` and ``source``, in order), ``names`` (that checks may ask for),
            ``seed`` and, optional, ``cell_seconds`` and ``notebook_seconds``.
        sandbox: where the student's side runs.
    """
    from grading.shell import Shell

    os.environ["COURSE_SEED"] = job["seed"]
    end = time.monotonic() + job.get("notebook_seconds", NOTEBOOK_SECONDS)
    play = Play(sandbox, job["seed"], job.get("cell_seconds", CELL_SECONDS), end)
    shell = Shell.instance(namespace={})
    done, room = {}, PICTURES
    try:
        for cell in job["cells"]:
            role, source, start = cell["role"], cell["source"], time.monotonic()
            if start > end:
                late = an_error("OutOfTime", "the notebook as a whole took too long, and this cell was not run")
                done[cell["key"]] = {"role": role, "outputs": [late], "number": None, "seconds": 0.0}
                if role == "check":
                    done[cell["key"]]["passed"] = False
                continue
            if role == "given":
                own, well, *_ = shell.run(source)
                if not well:
                    raise RuntimeError(
                        f"the given cell {cell['key']} fails on the referee's side: {as_outputs(own)[-1:]}"
                    )
            if role == "check":
                outputs, passed, number = check(shell, play, source, job["names"])
                done[cell["key"]] = {"role": role, "passed": passed}
            else:
                outputs, number = play.run(source)
                done[cell["key"]] = {"role": role}
            for output in outputs:
                room -= len(output.get("data", {}).get("image/png", ""))
                if room < 0:
                    output.get("data", {}).pop("image/png", None)
            done[cell["key"]] |= {"outputs": outputs, "number": number, "seconds": round(time.monotonic() - start, 3)}
    finally:
        play.stop()
    return done


# ------------------------------------------------------------------------------------------------------------ a station


def in_a_fork(work, seconds: float) -> dict:
    """What a function returns when it is called in a forked process; an ``"error"`` where it gives nothing."""
    read, write = os.pipe()
    sys.stdout.flush()
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            os.close(read)
            import resource

            resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
            try:
                answer = work()
            except BaseException as error:
                answer = {"error": f"{type(error).__name__}: {error}"}
            with os.fdopen(write, "wb") as stream:
                stream.write(json.dumps(answer).encode())
            status = 0
        finally:
            os._exit(status)
    os.close(write)
    data, until = bytearray(), time.monotonic() + seconds
    while time.monotonic() < until:
        ready, _, _ = select.select([read], [], [], min(1.0, max(until - time.monotonic(), 0)))
        if ready:
            part = os.read(read, 1 << 20)
            if not part:
                break
            data += part
    os.close(read)
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    try:
        return json.loads(bytes(data))
    except ValueError:
        return {"error": "the referee gave no result"}


def station(options: dict) -> None:
    """Read jobs, write results, until there are no more."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what imports print is no result
    try:
        sandbox = Sandbox(**options)
        starting = sandbox.begin()
        _warm_up()
        starting()
        first = {"ready": True, "kind": sandbox.kind}
    except (NoSandbox, ValueError) as error:
        first = {"error": str(error)}
    answers.write(json.dumps(first).encode() + b"\n")
    answers.flush()
    if "error" in first:
        return
    for row in sys.stdin.buffer:
        job = json.loads(row)
        start = time.monotonic()
        limit = job.get("notebook_seconds", NOTEBOOK_SECONDS) + job.get("cell_seconds", CELL_SECONDS) + 60
        try:
            sandbox.start()
            cells = in_a_fork(lambda job=job: {"cells": judge(job, sandbox)}, limit)
        except NoSandbox as error:
            cells = {"error": str(error)}
        answers.write(json.dumps({**cells, "seconds": round(time.monotonic() - start, 3)}).encode() + b"\n")
        answers.flush()
    sandbox.close()


def _warm_up() -> None:
    import torch

    torch.set_num_threads(1)
    for name in [*WARM, "grading.standin", "grading.shell"]:
        __import__(name)
    gc.collect()
    gc.freeze()


class Station:
    """A station at work, seen from the process that has jobs for it.

    Args:
        hidden: modules of dgmlib whose answers student code must not see.
        number: of this station among those at work at the same time.
        options: further ones of :class:`grading.sandbox.Sandbox`.

    Raises:
        NoSandbox: if student code can't be run safely here.
    """

    def __init__(self, hidden: list[str] = (), number: int = 0, **options):
        environment = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
        environment["MPLBACKEND"] = "module://matplotlib_inline.backend_inline"
        environment["PYTHONPATH"] = str(ROOT)
        environment.pop("COURSE_SEED", None)
        options = {"hidden": list(hidden), "number": number, **options}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "grading.referee", json.dumps(options)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment, start_new_session=True,
        )  # fmt: skip
        first = self._answer()
        if "error" in first:
            self.close()
            raise NoSandbox(first["error"])
        self.kind = first["kind"]

    def grade(self, job: dict) -> dict:
        """The result of a job: ``cells`` as :func:`judge` gives them, or an ``error`` that is ours."""
        try:
            self.process.stdin.write(json.dumps(job).encode() + b"\n")
            self.process.stdin.flush()
        except OSError:
            return {"error": "the station is gone"}
        return self._answer()

    def _answer(self) -> dict:
        row = self.process.stdout.readline()
        return json.loads(row) if row.endswith(b"\n") else {"error": "the station is gone"}

    def close(self) -> None:
        """End it, with all that it started."""
        with contextlib.suppress(OSError):
            self.process.stdin.close()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.close()


if __name__ == "__main__":
    station(json.loads(sys.argv[1]))
