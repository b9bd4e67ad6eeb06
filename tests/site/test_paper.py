"""The book on paper: everything is in it, and every link within it leads somewhere."""

import subprocess
import sys
import zipfile
from pathlib import PurePosixPath
from urllib.parse import unquote, urldefrag
from xml.etree import ElementTree

import paper
import pytest
from bs4 import BeautifulSoup
from pypdf import PdfReader

XHTML = "{http://www.w3.org/1999/xhtml}"
MATHML = "{http://www.w3.org/1998/Math/MathML}"


def titles(html) -> dict[str, str]:
    """What each page of the book calls itself."""
    found = {}
    for _, pages in paper.contents():
        for page in pages:
            heading = BeautifulSoup((html / f"{page}.html").read_text("utf-8"), "html.parser").select_one("article h1")
            heading.select_one(".headerlink").decompose()
            found[page] = " ".join(heading.get_text().split())
    return found


def made(html, format):
    subprocess.run([sys.executable, "_ext/paper.py", format], cwd=paper.ROOT, check=True, stdout=subprocess.DEVNULL)
    return paper.ROOT / "_build" / format / f"autoregressive-models.{format}"


@pytest.fixture(scope="module")
def pdf(html):
    return PdfReader(made(html, "pdf"))


@pytest.fixture(scope="module")
def epub(html):
    with zipfile.ZipFile(made(html, "epub")) as archive:
        assert archive.testzip() is None
        yield archive


def flat(outline):
    for entry in outline:
        if isinstance(entry, list):
            yield from flat(entry)
        else:
            yield closed(entry.title)


def closed(title: str) -> str:
    """A title without its spaces, of which Chromium drops those where a line ends."""
    return "".join(title.split())


def test_the_pdf_has_every_chapter_in_its_outline_and_every_part(pdf, html):
    outline = list(flat(pdf.outline))
    assert [title for title in titles(html).values() if closed(title) not in outline] == []
    assert [part for part, _ in paper.contents() if closed(part) not in ["", *outline]] == []


def test_the_contents_of_the_pdf_say_on_which_sheet_each_page_begins(pdf, html):
    listed = closed(pdf.pages[1].extract_text()).replace("ʻ", "‘").replace("ʼ", "’")  # the font has one form for both
    places = {name.removeprefix("/"): place for name, place in pdf.named_destinations.items()}
    for page, title in titles(html).items():
        assert f"{closed(title)}{pdf.get_destination_page_number(places[page]) + 1}" in listed, title


def test_the_pdf_leads_to_its_own_places_and_to_the_world(pdf):
    outside = [
        str(note.get_object()["/A"]["/URI"])
        for sheet in pdf.pages
        for note in sheet.get("/Annots", [])
        if "/URI" in note.get_object().get("/A", {})
    ]
    assert any(address.startswith("https://doi.org/") for address in outside)
    assert [address for address in outside if not address.startswith(("https://", "http://"))] == []
    assert [address for address in outside if "127.0.0.1" in address or "localhost" in address] == []


def test_the_pdf_has_typeset_formulas_and_numbered_figures(pdf):
    read = [sheet.extract_text() for sheet in [*pdf.pages[:40], *pdf.pages[40::7]]]  # reading a sheet takes long
    text = "".join(read)
    assert "\\(" not in text and "\\frac" not in text and "\\theta" not in text
    assert "Fig. 1.1" in text and "Answers" in text
    assert "Show code cell" not in text


def documents(epub):
    for name in epub.namelist():
        if name.endswith(".xhtml"):
            yield name, ElementTree.fromstring(epub.read(name))  # well-formed, or it raises


def test_the_epub_begins_as_the_format_wants(epub):
    first = epub.infolist()[0]
    assert (first.filename, first.compress_type) == ("mimetype", zipfile.ZIP_STORED)
    assert epub.read("mimetype") == b"application/epub+zip"


def test_the_epub_has_every_chapter_and_leads_to_its_own_places(epub, html):
    places, links, headings = set(), [], []
    for name, document in documents(epub):
        places.add(name)
        places.update(f"{name}#{e.attrib['id']}" for e in document.iter() if "id" in e.attrib)
        folder = PurePosixPath(name).parent
        for link in document.iter(f"{XHTML}a"):
            path, fragment = urldefrag(unquote(link.attrib.get("href", "")))
            if not path.startswith(("http:", "https:")):
                there = str(folder / path) if path else name
                links.append(f"{there}#{fragment}" if fragment else there)
        headings += ["".join(e.itertext()) for level in "12" for e in document.iter(f"{XHTML}h{level}")]
    headings = {" ".join(heading.split()) for heading in headings}
    assert [title for title in titles(html).values() if title not in headings] == []
    assert sorted(set(links) - places) == []


def test_the_epub_has_formulas_figures_with_text_and_no_scripts(epub):
    formulas = 0
    for name, document in documents(epub):
        formulas += len(list(document.iter(f"{MATHML}math")))
        assert not list(document.iter(f"{XHTML}script")), name
        assert "\\(" not in "".join(document.itertext()), name
        for picture in document.iter(f"{XHTML}img"):
            assert picture.attrib.get("alt"), name
            assert not picture.attrib["src"].startswith(("data:", "http")), name
    assert formulas > 1000


@pytest.mark.parametrize(
    ("href", "leads"),
    [
        ("#laws", "#rnn--laws"),
        ("sgd.html", "#sgd"),
        ("sgd.html#noise", "#sgd--noise"),
        ("https://doi.org/10.1000/1", "https://doi.org/10.1000/1"),
        ("genindex.html", None),
        ("_sources/rnn.ipynb", None),
    ],
)
def test_a_link_leads_to_its_place_in_the_whole(href, leads):
    assert paper.refer(href, "rnn", {"rnn", "sgd"}) == leads


def test_a_question_keeps_its_choices_and_gives_its_answers_at_the_end():
    page = BeautifulSoup(
        """<article><fieldset class="self-check"><legend>How many?</legend>
        <div class="self-check-choice wrong"><input type="radio"><label for="x">a) One</label>
        <div class="self-check-reason"><div><p class="verdict">Not this one.</p><p>Too few.</p></div></div></div>
        <div class="self-check-choice right"><input type="radio"><label for="y">b) Two</label>
        <div class="self-check-reason"><div><p class="verdict">Right.</p><p>A pair.</p></div></div></div>
        </fieldset></article>""",
        "html.parser",
    )
    paper.ask_on_paper(page, page.article)
    assert " ".join(page.article.get_text(" ").split()) == (
        "1. How many? a) One b) Two Answers 1a. Not this one. Too few. 1b. Right. A pair."
    )
    assert not page.select("input, fieldset")


def test_a_formula_keeps_its_bracket_and_its_stop():
    page = BeautifulSoup(
        """<p>if (<span class="math">\\(q\\)</span>), then <span class="math">\\(p\\)</span> is</p>""", "html.parser"
    )
    paper.hold_together(page)
    assert str(page) == (
        """<p>if <span class="held">(<span class="math">\\(q\\)</span>),</span>"""
        """ then <span class="math">\\(p\\)</span> is</p>"""
    )


@pytest.mark.parametrize(
    ("written", "spaced"),
    [
        (r"\log p(x)", r"\log\,p(x)"),
        (r"\log_2 127.5", r"\log_2\,127.5"),
        (r"64\ln 2", r"64\ln\,2"),
        (r"\log\frac{a}{b}", r"\log\,\frac{a}{b}"),
        (r"\log\left(x\right) + \log(x) + \log\bigl(x\bigr)", r"\log\left(x\right) + \log(x) + \log\bigl(x\bigr)"),
        (r"\(-\log\)", r"\(-\log\)"),
    ],
)
def test_a_logarithm_has_room_before_what_it_is_of(written, spaced):
    assert paper.LOGARITHM.sub(r"\1\\,", written) == spaced


def test_a_missing_site_is_said(tmp_path, monkeypatch):
    monkeypatch.setattr(paper, "SITE", paper.ROOT / "nowhere")
    with pytest.raises(SystemExit, match=r"nowhere/rnn\.html is missing; make book builds it"):
        paper.prepare("rnn", {"rnn"})
