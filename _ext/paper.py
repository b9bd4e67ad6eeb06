"""The whole book on paper: one page made of all built pages, and from it a PDF and an EPUB.

    python _ext/paper.py pdf
    python _ext/paper.py epub

Chromium prints the PDF, pandoc writes the EPUB, whose formulas are MathML. Both show what the site shows without a
script: figures for the light page, stills of interactive figures, results that a reader of the site has to unfold.
Code that the site folds away stays there.
"""

import argparse
import http.server
import os
import re
import shutil
import sys
import tempfile
import threading
import tomllib
from functools import partial
from io import BytesIO
from pathlib import Path
from urllib.parse import urldefrag, urlsplit

import yaml
from bs4 import BeautifulSoup, NavigableString
from execution import ROOT

SITE = ROOT / "_build" / "html"
STYLES = ROOT / "_ext" / "paper"
FONTS = ROOT / "node_modules" / "@fontsource"
DROPPED = ", ".join(  # what only a screen has, and code that the page folds away
    [".headerlink", "script", "style", "button", "iframe", ".only-dark", "details.above-input", ".tag_hide-cell"]
)


WIDTH = 166  # of the text on A4, in millimetres
FITTED = """document.querySelectorAll("mjx-container").forEach(formula => {
    const number = formula.parentElement.querySelector(":scope > .eqno");
    const room = (formula.closest("div, p, dd, li, td, th") ?? document.body).getBoundingClientRect();
    const there = formula.querySelector("mjx-math").getBoundingClientRect();
    const over = there.width / (room.width - (number ? number.getBoundingClientRect().width : 0));
    if (over > 1) formula.style.fontSize = `${parseFloat(formula.style.fontSize || 100) / over}%`;
})"""


def contents() -> list[tuple[str, list[str]]]:
    """The parts of the book in order, each with the names of its pages."""
    toc = yaml.safe_load((ROOT / "_toc.yml").read_text("utf-8"))
    parts = [("", [toc["root"]])]
    return parts + [(part["caption"], [page["file"] for page in part["chapters"]]) for part in toc["parts"]]


def about() -> dict[str, str]:
    """Title, author and edition, each from the file that knows it."""
    config = yaml.safe_load((ROOT / "_config.yml").read_text("utf-8"))
    version = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"]
    rights = "Text and figures under CC BY 4.0, code under the MIT licence."
    return {"title": config["title"], "author": config["author"], "edition": f"Edition {version}", "rights": rights}


def anchor(page: str, fragment: str = "") -> str:
    """The name of a place on the one page, which has only one of each."""
    return f"{page}--{fragment}" if fragment else page


def refer(href: str, page: str, pages: set[str]) -> str | None:
    """Where a link of a page leads within the book; unchanged if it leads out, ``None`` if to what is not in it."""
    target = urlsplit(href)
    if target.scheme or target.netloc:
        return href
    path, fragment = urldefrag(href)
    name = path.removesuffix(".html") if path else page
    return f"#{anchor(name, fragment)}" if name in pages else None


def ask_on_paper(soup: BeautifulSoup, article) -> None:
    """Turn each self-check into a question with its choices, and put all answers behind the last of them."""
    answers, last = soup.new_tag("div", attrs={"class": "answers"}), None
    for number, question in enumerate(article.select("fieldset.self-check"), start=1):
        asked = soup.new_tag("div", attrs={"class": "self-check"})
        legend = question.legend
        legend.name = "div"
        legend.insert(0, f"{number}. ")
        asked.append(legend.extract())
        answer = soup.new_tag("div", attrs={"class": "answer"})
        for choice in question.select(".self-check-choice"):
            wording = choice.label
            letter = wording.get_text()[:1]
            wording.name, wording.attrs = "p", {}
            reason = choice.select_one(".self-check-reason > div").extract()
            verdict = reason.select_one(".verdict")
            verdict.name = "strong"
            verdict.string = f"{number}{letter}. {verdict.get_text()} "
            verdict.extract()
            reason.p.insert(0, verdict)
            answer.extend(list(reason.children))
            asked.append(wording.extract())
        answers.append(answer)
        question.replace_with(asked)
        last = asked
    if last:
        heading = BeautifulSoup("<p class='answers-title'><strong>Answers</strong></p>", "html.parser").p
        answers.insert(0, heading)
        last.insert_after(answers)


def prepare(page: str, pages: set[str]):
    """A built page's text, for a place in the one page: anchors, links and pictures renamed, knobs taken off."""
    source = SITE / f"{page}.html"
    if not source.is_file():
        raise SystemExit(f"paper: {source.relative_to(ROOT)} is missing; make book builds it")
    soup = BeautifulSoup(source.read_text("utf-8"), "html.parser")
    article = soup.select_one("article.bd-article")
    for gone in article.select(DROPPED):
        gone.decompose()
    ask_on_paper(soup, article)
    for unfolded in article.select("details"):
        if "hide" in unfolded.get("class", []):  # a frame that says no more than 'show'
            unfolded.summary.decompose()
            unfolded.unwrap()
            continue
        if summary := unfolded.summary:
            summary.name = "p"
        unfolded.name = "div"
    for title in article.select("p.admonition-title, p.sd-card-title"):
        strong = soup.new_tag("strong")
        strong.extend(list(title.contents))
        title.append(strong)
    for element in article.select("[id]"):
        element["id"] = anchor(page, element["id"])
    for link in article.select("a[href]"):
        href = refer(link["href"], page, pages)
        if href is None:
            link.unwrap()
        else:
            link["href"] = href
    for picture in article.select("img[src]"):
        if not picture["src"].startswith("data:"):
            picture["src"] = picture["src"].split("?")[0]
    for level in range(5, 0, -1):  # a part stands above its chapters
        for heading in article.select(f"h{level}"):
            heading.name = f"h{level + 1}"
    article.name = "section"
    article.attrs = {"class": "page", "id": page}
    return article


def hold_together(soup: BeautifulSoup) -> None:
    """Let no line begin with the stop behind a formula, nor end with the bracket before it."""
    for formula in soup.select("span.math"):
        before, after = formula.previous_sibling, formula.next_sibling
        opens = re.search(r"[(\[‘]+$", before) if isinstance(before, NavigableString) else None
        closes = re.match(r"[.,;:?!)\]’]+", after) if isinstance(after, NavigableString) else None
        if opens or closes:
            held = formula.wrap(soup.new_tag("span", attrs={"class": "held"}))
        if opens:
            before.replace_with(before[: opens.start()])
            held.insert(0, opens[0])
        if closes:
            after.replace_with(after[closes.end() :])
            held.append(closes[0])


def assemble() -> BeautifulSoup:
    """All pages of the book as one, in the order of its table of contents."""
    parts = contents()
    pages = {page for _, names in parts for page in names}
    facts = about()
    soup = BeautifulSoup(
        f"""<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>{facts["title"]}</title></head><body>
        <section class="cover"><p class="cover-title">{facts["title"]}</p>
        <p>{facts["edition"]}</p><p>{facts["rights"]}</p></section></body></html>""",
        "html.parser",
    )
    for caption, names in parts:
        if caption:
            heading = soup.new_tag("h1", attrs={"class": "part"})
            heading.string = caption
            soup.body.append(heading)
        for page in names:
            soup.body.append(prepare(page, pages))
    hold_together(soup)
    places = {element["id"] for element in soup.select("[id]")}
    for link in soup.select("a[href^='#']"):  # what was dropped can't be led to
        if link["href"][1:] not in places:
            link.unwrap()
    return soup


def list_of_contents(soup: BeautifulSoup):
    """Parts and chapters as a list of links."""
    listed = soup.new_tag("nav", attrs={"class": "contents"})
    heading = soup.new_tag("p", attrs={"class": "contents-title"})
    heading.string = "Contents"
    listed.append(heading)
    for element in soup.select("h1.part, section.page > section > h2"):
        row = soup.new_tag("p", attrs={"class": "contents-part" if element.name == "h1" else "contents-chapter"})
        if element.name == "h1":
            row.string = element.get_text()
        else:
            link = soup.new_tag("a", href=f"#{element.find_parent('section', class_='page')['id']}")
            link.string = element.get_text()
            row.extend([link, soup.new_tag("span", attrs={"class": "sheet"})])
        listed.append(row)
    return listed


def system_browser() -> str | None:
    """The browser named by the environment variable CHROMIUM, else the system's, else None for Playwright's own."""
    names = ["chromium", "chromium-browser", "google-chrome"]
    places = [
        "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
        "/Applications/Chromium.app/Contents/MacOS/Chromium",
    ]
    found = [os.environ.get("CHROMIUM"), *map(shutil.which, names), *filter(os.path.exists, places)]
    return next(filter(None, found), None)


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *arguments):
        pass


def sheets(printed: bytes) -> dict[str, int]:
    """The number of the sheet on which each page of the book begins."""
    from pypdf import PdfReader

    book = PdfReader(BytesIO(printed))
    pages = {page for _, names in contents() for page in names}
    places = {name.removeprefix("/"): place for name, place in book.named_destinations.items()}
    return {page: book.get_destination_page_number(places[page]) + 1 for page in pages & places.keys()}


def write_pdf(soup: BeautifulSoup, target: Path) -> None:
    """Print the one page by Chromium: vector figures, an outline, links within the book, numbered sheets."""
    from playwright.sync_api import sync_playwright

    soup.select_one("section.cover").insert_after(list_of_contents(soup))
    with tempfile.TemporaryDirectory() as folder:
        for name in ("_static", "_images"):
            if (SITE / name).is_dir():
                (Path(folder) / name).symlink_to(SITE / name)
        (Path(folder) / "fonts").symlink_to(FONTS)
        shutil.copy2(STYLES / "pdf.css", folder)
        options = '{"options": {"processHtmlClass": "math"}, "tex": {"tags": "none"}}'
        head = (
            '<link rel="stylesheet" href="_static/pygments.css"><link rel="stylesheet" href="pdf.css">'
            f'<script>window.MathJax = {options}</script><script src="_static/mathjax/tex-chtml.js"></script>'
        )
        soup.head.append(BeautifulSoup(head, "html.parser"))
        soup.body["class"] = "tex2jax_ignore mathjax_ignore"
        (Path(folder) / "book.html").write_text(str(soup), "utf-8")
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=folder))
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            with sync_playwright() as playwright:
                flags = ["--no-sandbox"] * (os.geteuid() == 0)
                browser = playwright.chromium.launch(executable_path=system_browser(), args=flags)
                page = browser.new_page(viewport={"width": round(WIDTH * 96 / 25.4), "height": 800})
                page.goto(f"http://127.0.0.1:{server.server_address[1]}/book.html", timeout=600_000)
                page.wait_for_function("window.MathJax?.startup?.promise", timeout=600_000)
                page.evaluate("MathJax.startup.promise")
                page.evaluate("document.fonts.ready")
                page.emulate_media(media="print", color_scheme="light")
                page.evaluate(FITTED)
                target.parent.mkdir(parents=True, exist_ok=True)
                footer = '<p style="font: 8pt sans-serif; width: 100%; text-align: center" class="pageNumber"></p>'
                print_it = partial(
                    page.pdf, format="A4", print_background=True, tagged=True, outline=True,
                    display_header_footer=True, header_template="<p></p>", footer_template=footer,
                    margin={"top": "20mm", "bottom": "20mm", "left": "22mm", "right": "22mm"},
                )  # fmt: skip
                numbers = sheets(print_it())  # known when it is printed, and printed then
                page.evaluate(
                    """numbers => document.querySelectorAll(".contents-chapter").forEach(
                        row => row.lastElementChild.textContent = numbers[row.firstElementChild.hash.slice(1)])""",
                    numbers,
                )
                print_it(path=str(target))
                browser.close()
        finally:
            server.shutdown()


# A logarithm and what it is of, if no bracket stands between them: MathML's readers leave no space there.
LOGARITHM = re.compile(
    r"(\\(?:log|ln)(?![A-Za-z])(?:_(?:\w|\{[^{}]*\}))?)\s*(?=[A-Za-z0-9]|\\(?!left|[bB]ig|[!,:;()\[\]{}])[A-Za-z])"
)


def write_epub(soup: BeautifulSoup, target: Path) -> None:
    """Write an EPUB 3 by pandoc, a file a chapter, formulas as MathML."""
    import pypandoc

    facts = about()
    soup.select_one("section.cover").decompose()
    for formula in soup.select(".math"):
        for text in formula.find_all(string=LOGARITHM):
            text.replace_with(LOGARITHM.sub(r"\1\\,", text))
    for number in soup.select("span.eqno"):  # behind the formula, where pandoc keeps it
        number.parent.insert_after(number.extract())
    for section in soup.select("section"):  # pandoc splits at headings that stand in nothing
        heading = section.find(["h1", "h2", "h3", "h4", "h5", "h6"])
        if section.get("id"):
            heading.insert(0, soup.new_tag("span", id=section["id"]))
        section.unwrap()
    inner = {"tr": ["td", "th"], "table": ["td", "th"], "figure": ["figcaption"]}
    named_in_vain = "dt[id], p[id], tr[id], td[id], li[id], table[id], figure[id]"  # pandoc forgets these names
    for place in soup.select(named_in_vain):
        if named := place.find(inner[place.name]) if place.name in inner else place:
            named.insert(0, soup.new_tag("span", id=place["id"]))
            del place["id"]
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder) / "book.html"
        page.write_text(str(soup), "utf-8")
        pypandoc.convert_file(
            str(page), "epub3", format="html+tex_math_single_backslash", outputfile=str(target),
            extra_args=[
                "--mathml", "--split-level=2", "--toc", "--toc-depth=2", f"--resource-path={SITE}",
                f"--css={STYLES / 'epub.css'}", "--metadata=lang:en", "--fail-if-warnings",
                *[f"--metadata={name}:{facts[name]}" for name in ("title", "author", "rights")],
            ],
        )  # fmt: skip


WRITERS = {"pdf": write_pdf, "epub": write_epub}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("format", choices=WRITERS)
    chosen = parser.parse_args().format
    target = ROOT / "_build" / chosen / f"autoregressive-models.{chosen}"
    WRITERS[chosen](assemble(), target)
    print(f"The book as {chosen.upper()}: {target}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
