"""The built book in a browser: it asks no other host, complains of nothing, and serves every reader."""

from urllib.parse import urlsplit

import inspection
import pytest
import yaml

TOC = yaml.safe_load((inspection.ROOT / "_toc.yml").read_text("utf-8"))
STEMS = [TOC["root"], *(chapter["file"] for part in TOC["parts"] for chapter in part["chapters"])]
WINDOWS = {"wide and light": (1280, "light"), "narrow and dark": (390, "dark")}


@pytest.fixture(scope="module", params=WINDOWS)
def window(request, browser):
    width, scheme = WINDOWS[request.param]
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
    yield context
    context.close()


@pytest.mark.parametrize("stem", [*STEMS, "proofs/chain_rule", "search", "genindex"])
def test_a_page_is_sound(window, site, stem):
    tab, complaints = inspection.visit(window, site, f"{stem}.html")
    try:
        assert complaints == []
        assert inspection.unrendered_mathematics(tab) == []
        assert inspection.images_without_text(tab) == []
        assert inspection.figures_amiss(tab) == []
        assert inspection.too_wide(tab) == []
        assert inspection.inaccessible(tab) == []
    finally:
        tab.close()


def test_links_within_the_site_lead_somewhere(html):
    address = yaml.safe_load((inspection.ROOT / "_config.yml").read_text("utf-8"))["html"]["baseurl"]
    assert inspection.dead_links(html, urlsplit(address).path or "/") == []


def test_no_markup_is_printed(html):
    assert {stem: inspection.raw_markup((html / f"{stem}.html").read_text("utf-8")) for stem in STEMS} == {
        stem: [] for stem in STEMS
    }


def test_nothing_says_where_it_was_built(html):
    texts = [path for suffix in ("html", "js", "ipynb", "md") for path in html.rglob(f"*.{suffix}")]
    assert [path.name for path in texts if str(inspection.ROOT) in path.read_text("utf-8")] == []


@pytest.fixture
def tab(browser):
    context = browser.new_context(viewport={"width": 1280, "height": 900}, color_scheme="light")
    yield context.new_page()
    context.close()


def test_search_finds_a_word(tab, site):
    tab.goto(site + "search.html?q=likelihood")
    tab.wait_for_selector("#search-results li a")
    assert "dgmlib" in " ".join(tab.locator("#search-results li a").all_text_contents())
    tab.goto(site + "search.html?q=zzyzx")
    tab.wait_for_selector("#search-results .search-summary, #search-results p")
    assert tab.locator("#search-results li a").count() == 0


def test_the_switch_changes_the_colours(tab, site):
    tab.goto(site + "index.html")
    colours = "() => ['color', 'backgroundColor'].map(name => getComputedStyle(document.body)[name])"
    seen = {tuple(tab.evaluate(colours))}
    for _ in range(3):  # it goes through light, dark and the system's
        tab.locator(".theme-switch-button").first.click()
        seen.add(tuple(tab.evaluate(colours)))
    assert len(seen) == 2


def page_with_a_question(html) -> str:
    return next(stem for stem in STEMS if 'class="self-check"' in (html / f"{stem}.html").read_text("utf-8"))


def test_a_question_is_answered_by_keyboard(tab, site, html):
    tab.goto(site + page_with_a_question(html) + ".html")
    question = tab.locator("fieldset.self-check").first
    reasons = question.locator(".self-check-reason > div")
    assert not any(reason.is_visible() for reason in reasons.all())
    question.locator("input").first.focus()
    tab.keyboard.press("Space")
    assert [reason.is_visible() for reason in reasons.all()] == [True] + [False] * (reasons.count() - 1)
    tab.keyboard.press("ArrowDown")
    assert [reason.is_visible() for reason in reasons.all()].index(True) == 1
    assert question.locator(".right .verdict").text_content() == "Right."


def test_a_question_is_answered_without_scripts(browser, site, html):
    context = browser.new_context(java_script_enabled=False)
    tab = context.new_page()
    tab.goto(site + page_with_a_question(html) + ".html")
    question = tab.locator("fieldset.self-check").first
    question.locator("label").last.click()
    assert question.locator(".self-check-reason > div").last.is_visible()
    context.close()


def test_paper_shows_every_reason_and_the_light_figures(tab, site, html):
    tab.goto(site + page_with_a_question(html) + ".html")
    tab.evaluate("document.documentElement.dataset.theme = 'dark'")
    tab.emulate_media(media="print")
    tab.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert all(reason.is_visible() for reason in tab.locator(".self-check-reason > div").all())
    assert not any(picture.is_visible() for picture in tab.locator(".figure-pair .only-dark").all())


BAD = """<!doctype html><html lang="en"><head><title>bad</title>
<script src="https://elsewhere.invalid/a.js"></script></head><body><main><h1 id="top">bad</h1>
<img src="data:image/gif;base64,R0lGODlhAQABAAAAACw="> <span class="math">\\(x\\)</span>
<figure id="pair"><div class="figure-pair"><img alt="a"><img alt="b"></div></figure>
<p>{glue:text}`x:.2f`</p><pre>:::{note}</pre><div style="width: 3000px">wide</div>
<a href="#nowhere">a</a> <a href="gone.html">b</a> <a href="#top">c</a>
<script>throw new Error("on purpose")</script></main></body></html>"""


def test_the_inspection_finds_what_is_wrong(browser, serve, tmp_path):
    (tmp_path / "bad.html").write_text(BAD)
    context = browser.new_context(viewport={"width": 390, "height": 900})
    tab, complaints = inspection.visit(context, serve(tmp_path), "bad.html")
    assert any(line.startswith("foreign: https://elsewhere.invalid") for line in complaints)
    assert any("on purpose" in line for line in complaints)
    assert inspection.unrendered_mathematics(tab) == ["\\(x\\)"]
    assert len(inspection.images_without_text(tab)) == 1
    assert inspection.figures_amiss(tab) == ["pair"]
    assert inspection.too_wide(tab)
    assert any(line.startswith("image-alt") for line in inspection.inaccessible(tab))
    assert inspection.dead_links(tmp_path) == ["bad.html -> #nowhere", "bad.html -> gone.html"]
    assert inspection.raw_markup(BAD) == ["{glue:text}`x:.2f`", ":::{note}"]
    context.close()
