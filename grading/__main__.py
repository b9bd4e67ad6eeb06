"""``python -m grading``: make the students' notebooks, and try the whole loop on a sample class."""

import argparse
import sys
import tempfile
from pathlib import Path


def main(argv: list[str] | None = None) -> int:
    """Read the command line and do what it says; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m grading", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    generate = commands.add_parser("generate", help="make exercises/ from solutions/")
    generate.add_argument("--check", action="store_true", help="change nothing; fail if exercises/ is not up to date")
    loop = commands.add_parser("loop", aliases=["sample"], help="grade a sample class of right and wrong answers")
    loop.add_argument("--assignment", default="chain_rule", help="which assignment (default: %(default)s)")
    loop.add_argument("--folder", type=Path, help="an empty folder to work in and to keep (default: a temporary one)")
    options = parser.parse_args(argv)

    # Imported late: nbgrader takes a second to import, and --help should not.
    if options.command == "generate":
        from grading.generate import generate as make

        lines = make(check=options.check)
        print("\n".join(lines) or "exercises/ is what solutions/ makes")
        return 1 if options.check and lines else 0

    from grading.loop import main as run_loop

    if options.folder is None:
        with tempfile.TemporaryDirectory() as folder:
            return run_loop(options.assignment, Path(folder))
    if options.folder.exists() and any(options.folder.iterdir()):
        parser.error(f"--folder: {options.folder} is not empty")
    options.folder.mkdir(parents=True, exist_ok=True)
    return run_loop(options.assignment, options.folder.resolve())


if __name__ == "__main__":
    sys.exit(main())
