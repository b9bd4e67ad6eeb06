"""``python -m grading chain_rule`` grades what was handed in. Other verbs make notebooks, and try the whole loop."""

import collections
import contextlib
import datetime
import os
import sys
import tempfile
import traceback
from pathlib import Path

import click

ROOT = Path(__file__).resolve().parent.parent


class Verbs(click.Group):
    """Commands; the name of an assignment in place of one grades it."""

    def resolve_command(self, ctx, args):
        """The command that is meant."""
        if args and args[0] not in self.commands and (ROOT / "solutions" / args[0]).is_dir():
            args = ["grade", *args]
        return super().resolve_command(ctx, args)


FOLDER = click.option(
    "--course", "folder", type=click.Path(exists=True, file_okay=False, path_type=Path), default=ROOT,
    show_default="this repository", help="The course folder, with submitted/ in it.",
)  # fmt: skip


@click.group(cls=Verbs, context_settings={"help_option_names": ["-h", "--help"]})
def cli():
    """Grade an assignment by its name: python -m grading chain_rule. Or one of these commands."""


@cli.command()
@click.option("--check", is_flag=True, help="Change nothing; fail if exercises/ is not up to date.")
def generate(check):
    """Make exercises/ from solutions/, and the book's pages about them."""
    from grading.generate import generate as make
    from grading.pages import write

    lines = make(check=check) + write(check=check)
    click.echo("\n".join(lines) or "exercises/ is what solutions/ makes")
    return 1 if check and lines else 0


@click.option("--assignment", default="chain_rule", show_default=True, help="Which assignment.")
@click.option("--folder", type=click.Path(path_type=Path), help="An empty folder to work in and to keep.")
def sample(assignment, folder):
    """Try the whole loop on a sample class of right and wrong answers."""
    from grading.loop import main as run_loop

    if folder is None:
        with tempfile.TemporaryDirectory() as made:
            return run_loop(assignment, Path(made))
    if folder.exists() and any(folder.iterdir()):
        raise click.UsageError(f"--folder: {folder} is not empty")
    folder.mkdir(parents=True, exist_ok=True)
    return run_loop(assignment, folder.resolve())


cli.command("sample")(sample)
cli.command("loop", hidden=True)(sample)


def moment(ctx, parameter, value: str | None) -> float | None:
    """A time that was given in words, in seconds since 1970."""
    if value is None:
        return None
    try:
        return datetime.datetime.fromisoformat(value).astimezone().timestamp()
    except ValueError:
        raise click.BadParameter(f"got {value!r}, wanted a time such as 2027-03-01 or 2027-03-01T18:00") from None


@cli.command()
@click.argument("assignment")
@FOLDER
@click.option("--student", "students", multiple=True, metavar="NAME", help="Only this student; may be given again.")
@click.option("--force", is_flag=True, help="Run again what was run before.")
@click.option("--since", callback=moment, metavar="TIME", help="Only what was handed in after this time.")
@click.option("--resume/--no-resume", default=True, show_default=True, help="Go on where the last run was ended.")
@click.option("--scheduler", metavar="ADDRESS", help="A Dask scheduler, such as tcp://host:8786.")
@click.option("--workers", type=click.IntRange(0), help="How many side by side here.  [default: one a core]")
@click.option("--accept", is_flag=True, help="Write marks that change although the submission did not.")
@click.option("--no-sandbox", is_flag=True, help="Run student code unprotected: only for what you wrote yourself.")
def grade(assignment, folder, students, force, since, resume, scheduler, workers, accept, no_sandbox):
    """Grade what was handed in and is not graded yet."""
    from tqdm import tqdm

    from grading import parallel
    from grading.course import Course

    if no_sandbox:
        os.environ["COURSE_SANDBOX"] = "none"
    course = Course(folder)
    waiting = parallel.submissions(course, assignment)
    if not waiting:
        raise click.ClickException(
            f"nothing was handed in for {assignment}: no folder {folder}/submitted/NAME/{assignment}"
        )
    with tqdm(total=len(students) or len(waiting), unit="submission", file=sys.stderr, dynamic_ncols=True) as bar:

        def say(student, result):
            bar.update()
            if result["outcome"] != "graded":
                bar.write(f"{student}: {result['outcome']}: {result['reason']}")

        done = parallel.grade(
            course, assignment, list(students) or None, force or not resume, since, scheduler, workers, accept, say
        )
    return tell(course, assignment, done)


def tell(course, stem: str, done) -> int:
    """Print the marks and what is worth knowing of them; the exit status."""
    from grading import loop, told
    from grading.case import Assignment

    known = Assignment(course.folder / "solutions" / stem / f"{stem}.ipynb")
    if len(done.results) <= 12:  # a class's marks would fill the memory, and the terminal
        marks = course.marks(stem)
        if shown := {student: marks[student] for student in sorted(done.results) if student in marks}:
            click.echo(loop.table(shown, known.most))
    click.echo(told.summary(known, list(done.results.values())))
    for student, error in done.errors.items():
        click.echo(f"{student}: the gradebook was not updated:\n{error}", err=True)
    if done.changes:
        lines = "\n".join(done.changes)
        click.echo(f"These marks would change, and stand as they were. To write them: --accept\n{lines}")
    outcomes = collections.Counter(result["outcome"] for result in done.results.values())
    return 1 if done.errors or outcomes["failed"] else 0


@cli.command()
@click.argument("assignment")
@FOLDER
def status(assignment, folder):
    """Say how far an assignment is."""
    from grading import parallel, told
    from grading.course import Course
    from grading.ledger import Ledger

    students = list(parallel.submissions(Course(folder), assignment))
    click.echo(told.status(Ledger(folder / "ledger", assignment), students))


@cli.command()
@click.argument("assignment")
@click.argument("student")
@FOLDER
def why(assignment, student, folder):
    """Tell the whole history of a mark."""
    from grading import told
    from grading.ledger import Ledger

    click.echo(told.why(Ledger(folder / "ledger", assignment), student))


@cli.command()
@click.argument("assignment")
@click.argument("source", type=click.Path(exists=True, path_type=Path))
@FOLDER
@click.option(
    "--roster",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Who is who: Moodle's grading worksheet or Canvas's gradebook.",
)
@click.option("--column", help="The roster's column with the students' names in this course.")
@click.option(
    "--zone", metavar="ZONE", help="Take times from Moodle's worksheet, in this time zone, such as Europe/Berlin."
)
@click.option("--zip-times", is_flag=True, help="Take times from the archive.")
@click.option("--force", is_flag=True, help="Replace submissions by older ones.")
def unpack(assignment, source, folder, roster, column, zone, zip_times, force):
    """Place what a folder holds, or an archive of Moodle or Canvas, in submitted/."""
    import zoneinfo

    from grading import unpack as unpacking

    names = times = None
    if roster is not None:
        names = unpacking.read_roster(roster, column)
    if zone is not None:
        if roster is None:
            raise click.UsageError("--zone: wanted with --roster, the worksheet that says when each handed in")
        try:
            times = unpacking.handed_in(roster, zoneinfo.ZoneInfo(zone))
        except (zoneinfo.ZoneInfoNotFoundError, OSError):
            raise click.UsageError(f"--zone: got {zone!r}, wanted a time zone such as Europe/Berlin") from None
    done = unpacking.unpack(source, folder / "submitted", assignment, names, times, zip_times, force)
    click.echo(f"{len(done.written)} placed in {folder}/submitted, {len(done.same)} were there already")
    click.echo("".join(f"{line}\n" for line in done.lines), nl=False)


@cli.command()
@click.argument("assignment")
@FOLDER
@click.option(
    "--to", type=click.Path(dir_okay=False, path_type=Path), help="The file to write.  [default: ASSIGNMENT.csv]"
)
@click.option(
    "--moodle",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Fill in this grading worksheet of Moodle's.",
)
@click.option(
    "--canvas",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Fill in this gradebook that Canvas exported.",
)
@click.option("--heading", help="Canvas: the assignment's heading, its title or its number.")
@click.option("--column", help="The column with the students' names in this course.")
@click.option("--scale", is_flag=True, help="Reckon marks into the highest grade that Moodle or Canvas names.")
def marks(assignment, folder, to, moodle, canvas, heading, column, scale):
    """Write marks to a table: one of its own, Moodle's or Canvas's. Where there is no mark, the cell is empty."""
    from grading import export, unpack
    from grading.course import Course
    from grading.ledger import Ledger

    if moodle and canvas:
        raise click.UsageError("--moodle, --canvas: got both, wanted one of them")
    if canvas and not heading:
        raise click.UsageError("--canvas: wanted --heading too, the column that is to be filled in")
    with Course(folder).api.gradebook as gradebook:
        known = export.from_gradebook(gradebook, assignment, export.newest(Ledger(folder / "ledger", assignment)))
    to = to or Path(f"{assignment}.csv")
    if not moodle and not canvas:
        export.marks_csv(known, to)
        done = export.Export(sum(m.status == "graded" for m in known.values()), [])
        done.lines.extend(f"{name}: {m.status}: {m.reason}" for name, m in known.items() if m.status != "graded")
    elif moodle:
        done = export.moodle_csv(known, moodle, to, unpack.read_roster(moodle, column), scale)
    else:
        done = export.canvas_csv(known, canvas, heading, to, unpack.read_roster(canvas, column), scale)
    click.echo(f"{done.written} marks of {len(known)} students in {to}")
    click.echo("".join(f"{line}\n" for line in done.lines), nl=False)


@cli.command()
@click.argument("assignment")
@FOLDER
def late(assignment, folder):
    """Reckon what being late costs anew, after explanations were read or a due date was changed."""
    from grading.course import Course
    from grading.late import LatePolicy, renew

    course = Course(folder)
    if course.config.AssignLatePenalties.plugin_class != "grading.late.LatePolicy":
        raise click.ClickException("no late policy: AssignLatePenalties.plugin_class in nbgrader_config.py is not set")
    with course.api.gradebook as gradebook:
        changed = renew(gradebook, assignment, LatePolicy(config=course.config))
    for student, (was, now) in changed.items():
        click.echo(f"{student}: {was:g} points before, {now:g} now")
    click.echo(f"{len(changed)} penalties changed")


@cli.command()
@click.argument("assignment")
@FOLDER
@click.option(
    "--to", type=click.Path(dir_okay=False, path_type=Path), help="The file to write.  [default: ASSIGNMENT.html]"
)
@click.option("--class", "for_class", is_flag=True, help="For the class: without names and what tells of persons.")
def report(assignment, folder, to, for_class):
    """Write a page about how an assignment went."""
    from grading import report as reporting
    from grading.case import Assignment
    from grading.ledger import Ledger

    known = Assignment(folder / "solutions" / assignment / f"{assignment}.ipynb")
    ledger = Ledger(folder / "ledger", assignment)
    results = [newest for student in ledger.students() if (newest := ledger.newest(student))]
    to = to or Path(f"{assignment}-class.html" if for_class else f"{assignment}.html")
    to.write_text(reporting.page(known, results, for_class), encoding="utf-8")
    click.echo(f"{to}: {len(results)} students")


@cli.command()
@click.argument("assignment")
@click.argument("student")
@FOLDER
@click.option(
    "--to",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The file to write.  [default: ASSIGNMENT-STUDENT.zip]",
)
def bundle(assignment, student, folder, to):
    """Put what a mark rests on into one archive, for an appeal."""
    from grading import bundle as bundling
    from grading.course import Course

    to = to or Path(f"{assignment}-{student}.zip")
    try:
        bundling.bundle(Course(folder), assignment, student, to)
    except FileExistsError:
        raise click.ClickException(f"{to} is there already") from None
    click.echo(f"{to}: it holds the solutions and the seed, and is not for the student")


@cli.command()
@click.argument("archive", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def reproduce(archive):
    """Grade a bundle once more and say whether the mark comes out again."""
    from grading.bundle import reproduce as rerun
    from grading.ledger import points

    before, lines = rerun(archive)
    for line in lines:
        click.echo(line)
    differs = [line for line in lines if not line.startswith("versions differ")]
    given = f"{sum(points(before).values()):g} points by checks" if before["outcome"] == "graded" else before["outcome"]
    told = "not reproduced" if differs else "reproduced"
    click.echo(f"{before['student']}, {before['assignment']}: {given}, {told}")
    return 1 if differs else 0


@cli.command()
@click.argument("assignment")
def matrix(assignment):
    """Print which right and wrong answers each check tells apart."""
    from grading.matrix import main as show

    show(assignment)


def main(argv: list[str] | None = None) -> int:
    """Read the command line and do what it says; returns the exit status."""
    from grading.ledger import InUse
    from grading.sandbox import NoSandbox

    try:
        return cli.main(argv, "python -m grading", standalone_mode=False) or 0
    except click.exceptions.Exit as exit_:
        return exit_.exit_code
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        click.echo("stopped; the next run goes on from here", err=True)
        return 130
    except (InUse, NoSandbox, ValueError, FileNotFoundError) as error:
        click.echo(f"Error: {error}", err=True)
        if os.environ.get("COURSE_DEBUG"):
            with contextlib.suppress(Exception):
                traceback.print_exc()
        return 1


if __name__ == "__main__":
    sys.exit(main())
