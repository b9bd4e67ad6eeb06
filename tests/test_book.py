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


# What the book as a whole owes. Each function gets pages, {stem: source}, and returns what is amiss, in words.

BOOK = {path.stem: path.read_text("utf-8") for path in sorted((ROOT / "book").glob("*.md"))}

EQUATION = re.compile(r"^\$\$ *\((eq-[\w-]+)\)", re.M)
NOT_SYMBOLS = re.compile(r"\\(?:text|mathrm|operatorname|mathsf|mathtt|begin|end|label)\*?\{[^}]*\}")
ACCENTS = re.compile(r"\\(?:hat|tilde|bar|widehat|overline|underline|mathbf|mathcal|mathbb|boldsymbol|dot)\b")
GREEK = (
    "alpha beta gamma delta epsilon varepsilon zeta eta theta kappa lambda mu nu xi pi rho sigma tau phi varphi "
    "chi psi omega Gamma Delta Theta Lambda Xi Pi Sigma Phi Psi Omega ell"
)
# The lines of the lecture: what it says of autoregressive models, of goals, of training.
LINES = ["A1", "A2", "A3", "A4", "A5", "A6", "A7a", "A7b", "A7c", "A8"]
LINES += [f"G{k}" for k in range(1, 8)] + [f"T{k}" for k in range(1, 10)]


def unused_equations(pages: dict[str, str]) -> list[str]:
    """Equations that have a number although nothing refers to it."""
    whole = "".join(pages.values())
    return [name for text in pages.values() for name in EQUATION.findall(text) if f"{{eq}}`{name}`" not in whole]


def formulas(text: str) -> list[str]:
    """The mathematics of a page or of a part of one."""
    text = re.sub(r"(?<!`)`[^`\n]+`", "", CELL.sub("", text))
    return [a or b for a, b in re.findall(r"\$\$(.*?)\$\$|(?<![\\$])\$([^$]+)\$", text, re.S)]


def symbols(formula: str) -> set[str]:
    """The letters of a formula: without accents, indices' words and operators' names."""
    words = re.findall(r"\\([A-Za-z]+)|([A-Za-z])", ACCENTS.sub(" ", NOT_SYMBOLS.sub(" ", formula)))
    return {"\\" + command if command else letter for command, letter in words if letter or command in GREEK.split()}


def notation(source: str) -> tuple[set[str], dict[str, set[str]]]:
    """What the page of notation explains: letters for the whole book, and letters for single pages."""
    everywhere, single = set(), {}
    for line in source.splitlines():
        if line.startswith("|"):
            symbol, where = line.split("|")[1:3]
            letters = set().union(*map(symbols, formulas(symbol)))
            pages = re.findall(r"\{doc\}`(\w+)`", where)
            for page in pages:
                single.setdefault(page, set()).update(letters)
            if not pages:
                everywhere |= letters
    return everywhere, single


def unexplained_symbols(pages: dict[str, str], chapters: list[str]) -> dict[str, list[str]]:
    """Letters in the mathematics of each chapter that the page of notation does not explain."""
    everywhere, single = notation(pages["notation"])
    found = {page: set().union(*map(symbols, formulas(pages[page]))) - everywhere for page in chapters}
    return {page: sorted(rest) for page in chapters if (rest := found[page] - single.get(page, set()))}


def uncovered(pages: dict[str, str]) -> list[str]:
    """What the page on the lecture owes: a row for each line, whose chapter, figure and test are there."""
    rows = re.findall(r"^\* - ([AGT]\d\w?)\n  - (.*)\n  - (.*)\n  - (.*)\n  - (.*)\n  - (.*)$", pages["lecture"], re.M)
    amiss = [] if [row[0] for row in rows] == LINES else [f"rows {[row[0] for row in rows]}, wanted {LINES}"]
    for line, _, chapters, figure, test, exercise in rows:
        chapters = re.findall(r"\{doc\}`(\w+)`", chapters)
        name = re.search(r"\{numref\}`(fig-[\w-]+)`", figure)
        if not chapters or not name or not any(f"name: {name[1]}\n" in pages.get(page, "") for page in chapters):
            amiss.append(f"{line}: no chapter of {chapters} has the figure {figure}")
        if not (ROOT / "tests" / test.strip("`")).is_file():
            amiss.append(f"{line}: there is no test {test}")
        stem = exercise.removeprefix("{doc}`").strip("`")
        if (ROOT / "exercises" / stem).is_dir() != exercise.startswith("{doc}"):
            amiss.append(f"{line}: exercise {exercise}, linked if and only if it is released")
    return amiss


def uncited(pages: dict[str, str], bibliography: str) -> list[str]:
    """Works in the bibliography that no page cites."""
    cited = set()
    for keys in re.findall(r"\{cite:?\w*\}`([^`]+)`", "".join(pages.values())):
        cited |= {key.strip() for key in keys.split(",")}
    return [key for key in re.findall(r"^@\w+\{([^,]+),", bibliography, re.M) if key not in cited]


def homeless_terms(glossary: str) -> list[str]:
    """Terms of the glossary that name no chapter, and those out of alphabetical order."""
    entries = re.findall(r"^(\S[^\n]*)\n  (\S.*)$", glossary, re.M)
    names = [term.casefold() for term, _ in entries]
    homeless = [term for term, meaning in entries if not re.search(r"\{doc\}`(\w+)`$", meaning)]
    return homeless + [a for a, b in zip(names, sorted(names), strict=True) if a != b][:1]


def test_each_numbered_equation_is_referred_to():
    assert unused_equations(BOOK) == []
    assert unused_equations({"a": "$$x$$ (eq-lonely)\n"}) == []  # a formula that begins in its line is no display
    assert unused_equations({"a": "$$\nx\n$$ (eq-lonely)\n"}) == ["eq-lonely"]
    assert unused_equations({"a": "$$\nx\n$$ (eq-lonely)\n", "b": "By {eq}`eq-lonely`"}) == []


def test_each_symbol_is_in_the_notation():
    assert unexplained_symbols(BOOK, CHAPTERS) == {}


def test_a_symbol_that_is_nowhere_explained_is_found():
    pages = {
        "notation": "| symbol | in code |\n| $x_i$, $\\theta$ | `x` | a variable |\n| $y$ | {doc}`a` | on one page |\n",
        "a": "$x_{\\text{long}} + \\hat\\theta$ and $$\\sum_i y$$ `$q$`",
        "b": "$y = \\mathrm{KL}(x)$ and $\\zeta$",
    }
    assert unexplained_symbols(pages, ["a", "b"]) == {"b": ["\\zeta", "y"]}


def test_each_line_of_the_lecture_is_covered():
    assert uncovered(BOOK) == []


@pytest.mark.parametrize(
    ("find", "put", "says"),
    [
        ("* - T9\n", "* - T10\n", "wanted"),
        ("{numref}`fig-writers`", "{numref}`fig-readers`", "T9: no chapter"),
        ("`test_validation.py`", "`test_nothing.py`", "T9: there is no test"),
        (
            "`test_validation.py`\n  - {doc}`cross_validation`\n",
            "`test_validation.py`\n  - cross_validation\n",
            "T9: exercise",
        ),
    ],
)
def test_a_line_that_is_not_covered_is_found(find, put, says):
    assert BOOK["lecture"].count(find) == 1
    assert any(says in words for words in uncovered(BOOK | {"lecture": BOOK["lecture"].replace(find, put)}))


def test_each_work_of_the_bibliography_is_cited():
    assert uncited(BOOK, (ROOT / "book" / "references.bib").read_text("utf-8")) == []
    assert uncited({"a": "{cite:t}`one2000, two2001`"}, "@book{one2000,\n}\n@misc{three2003,\n}") == ["three2003"]


def test_each_term_of_the_glossary_names_its_chapter():
    assert homeless_terms(BOOK["glossary"]) == []
    assert homeless_terms("entropy\n  It. {doc}`a`\n\ncode\n  That.\n") == ["code", "entropy"]


def test_the_page_of_results_shows_all_that_is_stored():
    stored = {path.stem for path in (ROOT / "benchmarks").glob("*.json")}
    named = set(re.findall(r'stored\["(\w+)"\]', BOOK["results"]))
    named |= {f"quality_{name}" for name in re.findall(r'\bquality\("(\w+)"', BOOK["results"])}
    assert named == stored
