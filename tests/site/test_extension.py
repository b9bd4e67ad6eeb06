"""The course's Sphinx extension, on pages of a few lines."""

import io

import execution
import pytest
from sphinx.application import Sphinx
from sphinx.util.docutils import docutils_namespace

QUESTION = """# Page

:::{self-check}
How many?

- [ ] $2n$

  Too few.
- [x] $2^n - 1$,
  at most

  They add up to one.
:::
"""


@pytest.fixture
def build(tmp_path):
    """A function that builds one page and returns its HTML and the warnings."""

    def run(text: str) -> tuple[str, str]:
        (tmp_path / "index.md").write_text(text)
        warnings = io.StringIO()
        settings = {
            "extensions": ["myst_nb", "course"],
            "myst_enable_extensions": ["colon_fence", "dollarmath"],
            "html_theme": "basic",
        }
        with docutils_namespace():
            out = tmp_path / "html"
            app = Sphinx(tmp_path, None, out, tmp_path / "trees", "html", settings, io.StringIO(), warnings)
            app.build()
        return (out / "index.html").read_text("utf-8"), warnings.getvalue()

    return run


def test_a_question_becomes_a_form_with_names(build):
    html, warnings = build(QUESTION)
    assert warnings == ""
    assert html.count("<fieldset") == html.count("<legend>") == 1
    assert html.count('type="radio"') == html.count("<label for=") == 2
    assert html.count("Right.") == html.count("Not this one.") == 1
    assert "at most</label>" in html


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("- [ ]", "- [x]", "exactly one"),
        ("- [x]", "- [ ]", "exactly one"),
        ("  Too few.\n", "", "wants a reason"),
        ("How many?\n", "```\nHow many?\n```\n", "begins with a paragraph"),
    ],
)
def test_a_question_that_can_not_be_answered_is_refused(build, old, new, complaint):
    _, warnings = build(QUESTION.replace(old, new, 1))
    assert complaint in warnings


def test_glue_inside_mathematics_is_reported(build):
    assert build("# Page\n\nWe need $x = 1$ nats.")[1] == ""
    assert "glue inside mathematics" in build("# Page\n\nWe need $x = {glue:text}`x:.2f`$ nats.")[1]


def test_a_directive_that_was_not_read_is_reported(build):
    table = "{list-table} Of {glue:text}`x` points\n\n* - a\n"
    assert "not read as a directive" in build(f"# Page\n\n```{table}```\n")[1]


def test_the_cache_knows_the_library(tmp_path, monkeypatch):
    inputs = ("dgmlib/models/table.py", "constraints.txt", "benchmarks/compressors.json")
    for name in inputs:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("")
    monkeypatch.setattr(execution, "ROOT", tmp_path)
    seen = {execution.cache_path()}
    assert seen == {execution.cache_path()}
    for name in inputs:
        (tmp_path / name).write_text("changed")
        seen.add(execution.cache_path())
    assert len(seen) == 1 + len(inputs)
