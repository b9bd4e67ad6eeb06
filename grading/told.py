"""What a run says in a terminal: a summary of a class, how far it is, and the whole history of a mark."""

import collections
import statistics

from grading.case import Assignment, environment
from grading.ledger import Ledger, points


def first_words(cell: dict) -> str:
    """The first line of what went wrong in a cell, or nothing."""
    for output in cell["outputs"]:
        if output["output_type"] == "error":
            return output["evalue"].strip().split("\n")[0][:100]
    return ""


def summary(assignment: Assignment, results: list[dict]) -> str:
    """How a class did: outcomes, points, success by check, the slowest, and what failed most.

    Args:
        assignment: what was graded.
        results: the newest attempt of each student.
    """
    outcomes = collections.Counter(result["outcome"] for result in results)
    lines = [", ".join(f"{outcomes[name]} {words}" for name, words in OUTCOMES.items() if outcomes[name]) or "nothing"]
    graded = [result for result in results if result["outcome"] == "graded"]
    if not graded:
        return lines[0]
    totals = sorted(sum(points(result).values()) for result in graded)
    most = sum(assignment.most[name] for name in points(graded[0]))
    quarters = statistics.quantiles(totals, n=4, method="inclusive") if len(totals) > 1 else totals * 3
    spread = f"lowest {totals[0]:g}, quartiles {', '.join(f'{q:g}' for q in quarters)}, highest {totals[-1]:g}"
    lines.append(f"points by checks, of {most:g}: {spread}")
    for name in points(graded[0]):
        cells = [result["cells"][name] for result in graded]
        failed = [cell for cell in cells if not cell["passed"]]
        row = f"  {name}: {len(cells) - len(failed)} of {len(cells)} passed"
        if failed:
            words, count = collections.Counter(map(first_words, failed)).most_common(1)[0]
            row += f"; most often ({count}): {words}"
        lines.append(row)
    slowest = sorted(graded, key=lambda result: -result["seconds"])[:3]
    lines.append("slowest: " + ", ".join(f"{result['student']} {result['seconds']:.1f} s" for result in slowest))
    return "\n".join(lines)


OUTCOMES = {"graded": "graded", "held": "held (no mark)", "failed": "failed here"}


def status(ledger: Ledger, students: list[str]) -> str:
    """How far an assignment is: of those who handed in, how many ended how, and how many wait."""
    newest = {student: ledger.newest(student) for student in students}
    counts = collections.Counter(attempt["outcome"] if attempt else "waiting" for attempt in newest.values())
    posted = sum(
        bool(attempt) and (ledger.posted(student) or {}).get("key") == attempt["key"]
        for student, attempt in newest.items()
    )
    words = {**OUTCOMES, "waiting": "not run yet"}
    told = ", ".join(f"{counts[name]} {text}" for name, text in words.items() if counts[name])
    return f"{len(students)} handed in: {told or 'none'}; {posted} stand in the gradebook as they are here"


def why(ledger: Ledger, student: str) -> str:
    """The history of a mark: each attempt, on what it rests, and check by check what came.

    Raises:
        ValueError: if there is no attempt of this student's.
    """
    attempts, posted = ledger.attempts(student), ledger.posted(student)
    if not attempts:
        raise ValueError(
            f"no attempt of {student} at {ledger.stem}; known: {', '.join(ledger.students()[:10]) or 'none'}"
        )
    lines = []
    for attempt in attempts:
        stands = posted is not None and posted["key"] == attempt["key"]
        lines.append(f"{attempt['when']}  {attempt['outcome']}" + "  (stands in the gradebook)" * stands)
        if attempt["reason"]:
            lines.append(f"  reason: {attempt['reason']}")
        now = "" if attempt["environment"] == environment() else " (another than today's)"
        lines.append(f"  submission {attempt['submission'][:12]}, assignment {attempt['assignment_hash'][:12]}")
        lines.append(f"  environment {attempt['environment'][:12]}{now}, seed {attempt['seed']}")
        lines.append(f"  sandbox: {attempt['sandbox']}; {attempt['seconds']:.1f} s")
        for name, cell in attempt["cells"].items():
            if cell["role"] == "check":
                words = "" if cell["passed"] else f"  {first_words(cell)}"
                lines.append(f"    {name}: {cell['points']:g} of {cell['most']:g}{words}")
    return "\n".join(lines)
