"""From ``solutions/`` to ``exercises/``: the students' notebooks, made by nbgrader's own generator."""

import json
import shutil
import tempfile
from pathlib import Path

from grading.course import ROOT, Course


def stems(solutions: Path = ROOT / "solutions") -> list[str]:
    """The names of all assignments."""
    return sorted(path.parent.name for path in solutions.glob("*/*.ipynb") if path.stem == path.parent.name)


def generated(stem: str, solutions: Path = ROOT / "solutions") -> dict[str, bytes]:
    """The files of an assignment as students get them, by their path within it.

    They are made in a temporary course folder and without a gradebook, so nothing else is touched, and are the same to
    the byte each time.
    """
    with tempfile.TemporaryDirectory() as folder:
        shutil.copytree(
            solutions / stem, Path(folder, "solutions", stem), ignore=shutil.ignore_patterns(".ipynb_checkpoints")
        )
        course = Course(Path(folder), Path(folder, "exchange"))
        course.config.GenerateAssignment.no_database = True
        course.config.SaveCells.enabled = False
        course.api.update_config(course.config)
        return files(course.generate(stem))


def files(folder: Path) -> dict[str, bytes]:
    """All files below a folder, by their path within it, but for those that editors leave behind."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and ".ipynb_checkpoints" not in path.parts
    }


def differences(wanted: dict[str, bytes], found: dict[str, bytes]) -> list[str]:
    """What a reader should know of two versions of an assignment: which file, and which cell of a notebook."""
    lines = [f"{name}: missing" for name in wanted.keys() - found.keys()]
    lines += [f"{name}: should not be there" for name in found.keys() - wanted.keys()]
    for name in sorted(wanted.keys() & found.keys()):
        if wanted[name] != found[name]:
            cells = _cells(wanted[name]), _cells(found[name])
            changed = [key for key in {**cells[0], **cells[1]} if cells[0].get(key) != cells[1].get(key)]
            lines += [f"{name}: cell {key} differs" for key in changed] or [f"{name}: differs outside its cells"]
    return sorted(lines)


def generate(check: bool = False, root: Path = ROOT) -> list[str]:
    """Write ``exercises/``, or with ``check`` only say what in it is not what ``solutions/`` makes."""
    found_stems = {path.name for path in (root / "exercises").glob("*") if path.is_dir()}
    wanted_stems = stems(root / "solutions")
    lines = [f"exercises/{stem}: has no solutions/{stem}" for stem in sorted(found_stems - set(wanted_stems))]
    for stem in wanted_stems:
        folder = root / "exercises" / stem
        wanted = generated(stem, root / "solutions")
        lines += [f"exercises/{stem}/{line}" for line in differences(wanted, files(folder))]
        if not check:
            shutil.rmtree(folder, ignore_errors=True)
            for name, content in wanted.items():
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                (folder / name).write_bytes(content)
    return lines


def _cells(notebook: bytes) -> dict[str, dict]:
    try:
        return {cell.get("id", f"number {i}"): cell for i, cell in enumerate(json.loads(notebook)["cells"])}
    except (ValueError, KeyError, TypeError, AttributeError):
        return {}
