"""A page about how an assignment went: one for the instructor, with names, and one for the class, without.

Each is one HTML file that loads nothing from anywhere. What students wrote stands in it as text alone.
"""

import collections
import html
import io
import statistics

import matplotlib.pyplot as plt
from matplotlib.figure import Figure

from grading.case import Assignment
from grading.ledger import now, points
from grading.told import OUTCOMES, first_words

SMALLEST = 5  # graded submissions, below which a page for the class would tell of single persons
HEAD = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<style>
body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; color: #222832; }}
table {{ border-collapse: collapse; width: 100%; font-size: .9rem; }}
th, td {{ text-align: left; padding: .3rem .6rem; border-bottom: 1px solid #d0d5dc; vertical-align: top; }}
td.n, th.n {{ text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }}
td {{ overflow-wrap: anywhere; }} .wide {{ overflow-x: auto; }} figure {{ margin: 1.5rem 0; }}
figure svg {{ max-width: 100%; height: auto; }} figcaption {{ font-size: .9rem; }}
</style></head><body><main>
<h1>{title}</h1>
"""


def page(assignment: Assignment, results: list[dict], for_class: bool = False) -> str:
    """The page, in HTML.

    For the class it says how points are spread, in steps of an eighth of all, and which share passed each check, in
    whole per cent; it has no names, messages, times or reasons.

    Args:
        assignment: what was graded.
        results: the newest attempt of each student, as the ledger has them.
        for_class: leave out what tells of single persons.

    Raises:
        ValueError: if the page is for the class and fewer than five submissions were graded.
    """
    graded = [result for result in results if result["outcome"] == "graded"]
    if for_class and len(graded) < SMALLEST:
        raise ValueError(
            f"--class: got {len(graded)} graded submissions, wanted {SMALLEST} or more: fewer would tell of persons"
        )
    title = f"{assignment.stem}: how the class did" if for_class else f"{assignment.stem}: report for the instructor"
    parts = [HEAD.format(title=html.escape(title)), f"<p>Made {html.escape(now()[:16].replace('T', ' '))} UTC.</p>"]
    if not for_class:
        outcomes = collections.Counter(result["outcome"] for result in results)
        told = ", ".join(f"{outcomes[name]} {words}" for name, words in OUTCOMES.items() if outcomes[name])
        parts.append(f"<p>{told or 'Nothing was handed in.'}</p>")
    if graded:
        parts += [_spread(assignment, graded, for_class), _checks(graded, for_class)]
    if not for_class:
        parts.append(_students(results))
    return "\n".join([*parts, "</main></body></html>", ""])


def _spread(assignment: Assignment, graded: list[dict], for_class: bool) -> str:
    totals = sorted(sum(points(result).values()) for result in graded)
    most = sum(assignment.most[name] for name in points(graded[0]))
    steps = 8 if for_class or most > 60 else max(int(most), 1)
    fig = Figure(figsize=(7, 2.6), layout="constrained")
    ax = fig.subplots()
    edges = [most * k / steps for k in range(steps + 1)]
    # A total on an edge belongs to the bar that begins there; the last bar has both its edges.
    ax.hist(totals, bins=edges, color="#3b6ea5", edgecolor="white")
    ax.set(xlabel=f"points by checks, of {most:g}", ylabel="submissions", xlim=(0, most))
    if for_class:
        ax.set(yticks=[], ylabel="share of the class")
    low, middle, high = statistics.quantiles(totals, n=4, method="inclusive") if len(totals) > 1 else totals * 3
    words = f"Half of the class has {middle:g} or more of {most:g} points, the middle half {low:g} to {high:g}."
    return _figure(fig, "How points are spread", f"{words} What a person marks is not counted here.")


def _checks(graded: list[dict], for_class: bool) -> str:
    names = list(points(graded[0]))
    share = {name: sum(result["cells"][name]["passed"] for result in graded) / len(graded) for name in names}
    fig = Figure(figsize=(7, 0.24 * len(names) + 0.8), layout="constrained")
    ax = fig.subplots()
    ax.barh(names[::-1], [100 * share[name] for name in names[::-1]], color="#3b6ea5")
    ax.set(xlim=(0, 100), xlabel="passed by, % of the graded submissions")
    ax.tick_params(axis="y", labelsize=8)
    worst = min(share, key=share.get)
    caption = f"Hardest: {worst}, passed by {100 * share[worst]:.0f}\u00a0%."
    head = ["check", "points", "passed", *([] if for_class else ["failed most often with"])]
    rows = []
    for name in names:
        passed = f"{100 * share[name]:.0f}\u00a0%"
        row = [name, f"{graded[0]['cells'][name]['most']:g}", passed]
        if not for_class:
            failed = collections.Counter(
                first_words(result["cells"][name]) for result in graded if not result["cells"][name]["passed"]
            )
            row.append(" ".join(f"{count} times: {words}" for words, count in failed.most_common(1)))
        rows.append(row)
    return _figure(fig, "Which checks were passed", caption) + _table(head, rows, numbers=(1, 2))


def _students(results: list[dict]) -> str:
    rows = []
    for result in sorted(results, key=lambda result: result["student"]):
        given = points(result) if result["outcome"] == "graded" else None
        failed = [name for name, cell in result["cells"].items() if cell["role"] == "check" and not cell["passed"]]
        told = result["reason"] or ", ".join(failed)
        mark = "" if given is None else f"{sum(given.values()):g}"
        rows.append([result["student"], OUTCOMES[result["outcome"]], mark, f"{result['seconds']:.1f}", told])
    head = ["student", "outcome", "points", "seconds", "why there is no mark, or checks that failed"]
    return "<h2>Students</h2>" + _table(head, rows, numbers=(2, 3))


def _table(head: list[str], rows: list[list[str]], numbers: tuple[int, ...]) -> str:
    kinds = [' class="n"' if place in numbers else "" for place in range(len(head))]
    lines = ["".join(f'<th scope="col"{kind}>{html.escape(word)}</th>' for word, kind in zip(head, kinds, strict=True))]
    for row in rows:
        texts = [html.escape(entry).replace("_", "_<wbr>") for entry in row]
        lines.append("".join(f"<td{kind}>{text}</td>" for text, kind in zip(texts, kinds, strict=True)))
    return '<div class="wide"><table>' + "".join(f"<tr>{line}</tr>" for line in lines) + "</table></div>"


def _figure(fig: Figure, title: str, caption: str) -> str:
    file = io.StringIO()
    with plt.rc_context({"svg.fonttype": "none", "svg.hashsalt": title, "font.family": "sans-serif"}):
        fig.savefig(file, format="svg", metadata={"Date": None})
    svg = file.getvalue().partition("<svg")[2]
    said = html.escape(f"{title}. {caption}", quote=True)
    return (
        f'<h2>{html.escape(title)}</h2><figure><svg role="img" aria-label="{said}"{svg}'
        f"<figcaption>{html.escape(caption)}</figcaption></figure>"
    )
