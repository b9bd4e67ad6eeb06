"""What is looked for on a page of the site. Each function returns what is wrong, one line each; [] means nothing is."""

import re
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

ROOT = Path(__file__).parents[2]
AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
# The theme's own button names its three pictures beside itself; the name that is spoken is right.
NOT_OURS = [("label-content-name-mismatch", "theme-switch-button")]


def visit(context, address: str, page: str) -> tuple:
    """Open a page, read it to its end, and return it with every foreign request and every error that it reported."""
    tab, complaints = context.new_page(), []
    tab.on("console", lambda message: message.type == "error" and complaints.append(f"console: {message.text}"))
    tab.on("pageerror", lambda error: complaints.append(f"script: {error}"))
    tab.on(
        "response", lambda response: response.status >= 400 and complaints.append(f"{response.status}: {response.url}")
    )

    def only_here(route):
        if route.request.url.startswith((address, "data:", "blob:")):
            route.continue_()
        else:
            complaints.append(f"foreign: {route.request.url}")
            route.abort()

    tab.route("**/*", only_here)
    tab.goto(address + page)
    tab.evaluate("window.MathJax?.startup?.promise")
    tab.evaluate("window.scrollTo(0, document.body.scrollHeight)")
    tab.wait_for_load_state("networkidle")
    return tab, complaints


def unrendered_mathematics(tab) -> list[str]:
    return tab.evaluate("""() => {
        const raw = [...document.querySelectorAll(".math")].filter(e => !e.querySelector("mjx-container"));
        return [...raw, ...document.querySelectorAll("mjx-merror")].map(e => e.textContent);}""")


def images_without_text(tab) -> list[str]:
    return tab.evaluate(
        "() => [...document.images].filter(i => !i.hasAttribute('alt') || (i.closest('main') && !i.alt.trim()))"
        ".map(i => i.outerHTML.slice(0, 80))"
    )


def too_wide(tab) -> list[str]:
    """What sticks out of the window, if the page can be scrolled sideways at all; what scrolls by itself may."""
    return tab.evaluate("""() => {
        const around = e => e.parentElement.closest("main *");
        const scrolls = e => e && (getComputedStyle(e).overflowX != "visible" || scrolls(around(e)));
        const sticksOut = e => e.getBoundingClientRect().right > innerWidth && !scrolls(around(e));
        return document.documentElement.scrollWidth <= innerWidth ? [] :
            [...document.querySelectorAll("main *")].filter(sticksOut)
                .map(e => `${e.tagName}.${e.className}: ${e.textContent.slice(0, 40)}`).concat(["the page"]);}""")


def figures_amiss(tab) -> list[str]:
    """Figures of which not exactly one picture shows (of the two, or the live one), or whose caption does not."""
    return tab.evaluate("""() => {
        const shown = e => e.getClientRects().length > 0;
        return [...document.querySelectorAll("figure")].filter(f => {
            const pictures = [...f.querySelectorAll(".figure-pair img, .live > svg")];
            const caption = f.querySelector("figcaption");
            return (pictures.length && pictures.filter(shown).length != 1) || !caption || !shown(caption);
        }).map(f => f.id);}""")


def inaccessible(tab) -> list[str]:
    """What axe finds, less what is the theme's own and harmless."""
    tab.add_script_tag(path=AXE)
    # Without what MathJax draws: it is hidden from a screen reader, which gets MathML, and takes axe most of its time.
    found = tab.evaluate("() => axe.run({exclude: ['mjx-container']}, {resultTypes: ['violations']})")["violations"]
    return [
        f"{violation['id']} {' '.join(node['target'])}: {node['html'][:100]}"
        for violation in found
        for node in violation["nodes"]
        if not any(violation["id"] == rule and name in node["html"] for rule, name in NOT_OURS)
    ]


class Links(HTMLParser):
    def __init__(self, text: str):
        super().__init__()
        self.targets, self.links = set(), []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        self.targets.update(filter(None, (attributes.get("id"), attributes.get("name"))))
        for name in ("href", "src"):
            if attributes.get(name):
                self.links.append(attributes[name])


def dead_links(folder: Path, prefix: str = "/") -> list[str]:
    """Links within the site that lead to no file, or to no place in it; ``prefix`` is where the site will stand."""
    pages = {path: Links(path.read_text("utf-8")) for path in folder.glob("*.html")}
    dead = []
    for path, page in pages.items():
        for link in page.links:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            start = folder if parts.path.startswith(prefix) else path.parent
            target = (start / unquote(parts.path.removeprefix(prefix))).resolve() if parts.path else path
            if not target.exists() or (
                parts.fragment and target in pages and unquote(parts.fragment) not in pages[target].targets
            ):
                dead.append(f"{path.name} -> {link}")
    return dead


def raw_markup(text: str) -> list[str]:
    """Markup of the source that was printed instead of being read."""
    text = re.sub(r"<script.*?</script>", "", text, flags=re.S)
    prose = re.sub(r"<pre.*?</pre>|<code.*?</code>", "", text, flags=re.S)
    return [
        *re.findall(r"\{(?:glue|cite|ref|numref|eq|doc)[:}`][^<]{0,40}", prose),
        *re.findall(r"(?:```|:::)\{[^<]{0,40}", text),
    ]
