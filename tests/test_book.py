"""What every chapter owes its reader, as far as a machine can tell."""

import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[1]
TOC = yaml.safe_load((ROOT / "_toc.yml").read_text())
PAGES = [page["file"] for part in TOC["parts"] for page in part["chapters"]]
CHAPTERS = [page["file"] for part in TOC["parts"] if part.get("numbered") for page in part["chapters"]]

CELL = re.compile(r"^```\{code-cell\}.*?^```$", re.M | re.S)
SELF_CHECK = re.compile(r"^:::\{self-check\}.*?^:::$", re.M | re.S)
LONGEST_LINE = 76  # characters of code that fit into the column


def owed(text: str) -> list[str]:
    """What a chapter's source lacks of what it owes, in words."""
    cells = CELL.findall(text)
    checks = SELF_CHECK.findall(text)
    prose = SELF_CHECK.sub("", CELL.sub("", text))
    figures = [c for c in cells if "  figure:" in c]
    missing = []

    def expect(holds, words):
        if not holds:
            missing.append(words)

    for word in ("**Question.**", "**Afterwards you can**", "**Before.**", "**Time.**"):
        expect(word in text, f"the opening says no {word}")
    for heading in ("## What goes wrong", "## Check yourself", "## In one paragraph"):
        expect(re.search(rf"^{heading}$", text, re.M), f"no section '{heading}'")
    for word in ("**Exercise.**", "**Further reading.**"):
        expect(word in text, f"the end says no {word}")
    reading = text.partition("**Further reading.**")[2]
    expect("{cite:" in reading, "further reading cites nothing")
    expect("Predict, then run" in text, "the reader never has to commit to a guess")
    expect(3 <= len(checks) <= 6, f"{len(checks)} self-check questions, wanted 3 to 6")
    expect(len(figures) >= 3, f"{len(figures)} figures, wanted at least 3")
    for figure in figures:
        name = re.search(r"name: (\S+)", figure)
        expect(
            name and "caption:" in figure and "alt=" in figure, f"a figure without name, caption or alt: {figure[:80]}"
        )
    for fence in re.findall(r"^```\{.*`.*$", text, re.M):
        expect(False, f"a backtick in a fence's title, which swallows what follows (use :::): {fence}")
    for cell in cells:
        shown = not re.search(r"remove-(cell|input)|hide-(cell|input)", cell)
        for line in cell.splitlines()[1:-1]:
            expect(not shown or len(line) <= LONGEST_LINE, f"a line of code that leaves the column: {line}")
    for paragraph in re.split(r"\n\s*\n", prose):
        plain = re.sub(r"\$\$.*?\$\$|\$[^$]*\$|\{[\w:]*\}`[^`]*`|`[^`]*`", "", paragraph, flags=re.S)
        typed = re.findall(r"(?<![\w.])\d+\.\d+(?![\w.])", plain)
        expect(not typed or "{cite:" in paragraph, f"typed numbers {typed}, neither glued nor cited: {paragraph[:80]}")
    return missing


@pytest.mark.parametrize("page", CHAPTERS)
def test_a_chapter_keeps_its_promises(page):
    assert not owed((ROOT / "book" / f"{page}.md").read_text())


def test_there_are_chapters():
    assert {"generative_models", "chain_rule", "kl_compression"} <= set(CHAPTERS)


def test_every_page_is_in_the_table_of_contents_and_every_entry_is_a_page():
    files = {p.stem for p in (ROOT / "book").glob("*.md")}
    assert files == {*PAGES, TOC["root"]}


@pytest.mark.parametrize(
    ("find", "put", "says"),
    [
        ("**Time.**", "Time:", "the opening says no"),
        ("## What goes wrong", "## Remarks", "no section '## What goes wrong'"),
        ("{cite:", "{ref:", "further reading cites nothing"),
        ("Predict, then run", "Note", "never has to commit"),
        (":::{self-check}", ":::{note}", "0 self-check questions"),
        ("mystnb:\n  figure:", "mystnb:\n  image:", "0 figures"),
        ("alt=", "title=", "a figure without name, caption or alt"),
        (":::{list-table}", "```{list-table} of `x`", "a backtick in a fence's title"),
        ("## The chain rule\n", "## The chain rule\n\nIt costs 18.44 nats.\n", "typed numbers ['18.44']"),
        ("worst = 0.0\n", f"worst = 0.0  # {'x' * 80}\n", "a line of code that leaves the column"),
    ],
)
def test_a_chapter_that_breaks_a_promise_is_found(find, put, says):
    text = (ROOT / "book" / "chain_rule.md").read_text()
    assert find in text
    assert any(says in words for words in owed(text.replace(find, put)))
