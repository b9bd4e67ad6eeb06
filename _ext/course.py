"""The course's own Sphinx extension: what the configuration file alone can't say.

- executed chapters are cached under a name that changes with ``dgmlib`` and the pinned versions;
- ``self-check`` writes a question whose every choice answers the reader;
- MathJax is copied into the site, so that no page asks another host for anything;
- a page with cells can be downloaded as a notebook;
- markup that would be printed as it is typed, such as a number glued inside ``$...$``, fails the build.
"""

import re
import shutil
from hashlib import sha256
from pathlib import Path
from urllib.parse import urlsplit

from docutils import nodes
from docutils.statemachine import StringList
from execution import CELL_TIMEOUT, ROOT, cache_path
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective

logger = logging.getLogger(__name__)

MATHJAX = ROOT / "node_modules" / "mathjax" / "es5"
# The one combined component, what it loads on demand for TeX, and its fonts: a tenth of the package.
MATHJAX_FILES = ["tex-chtml.js", "input/tex/extensions", "output/chtml/fonts/woff-v2"]


def digest(files):
    return sha256(b"".join(file.name.encode() + file.read_bytes() for file in sorted(files))).hexdigest()


def use_keyed_cache(app, config):
    config.nb_execution_cache_path = str(cache_path())
    config.nb_execution_timeout = CELL_TIMEOUT
    # Values of their own, for which Sphinx asks whether to begin anew: it would not see by itself that the library or
    # this file changed (then it reads every page again), nor that a style did (then it writes every page again).
    config.reading_key = cache_path().name + digest([Path(__file__)])
    folders = [ROOT / "book" / "_assets", ROOT / "_ext" / "templates"]
    config.writing_key = digest(path for folder in folders for path in folder.rglob("*") if path.is_file())


def place_notfound_page(app, config):
    """The page for a wrong address stands at every depth, so its links begin at the site's root."""
    config.notfound_urls_prefix = urlsplit(config.html_baseurl).path or "/"


def find_unread_markup(app, doctree):
    """Warn of markup that would be printed as it is typed, which the parser takes for text without a word."""
    for node in doctree.findall(nodes.Text):
        inside = node.parent
        if isinstance(inside, nodes.math | nodes.math_block) and "{glue" in node:
            logger.warning(
                "glue inside mathematics is not replaced, glue a mathematics object: %s", node, location=inside
            )
        elif unread := re.search(r"(```|:::)\{.*", node):
            logger.warning(
                "not read as a directive (an argument with a backtick in it wants ::: around, not ```): %s",
                unread[0],
                location=inside,
            )


def copy_mathjax(app, exception):
    if exception or app.builder.format != "html":
        return
    target = Path(app.outdir) / "_static" / "mathjax"
    for name in MATHJAX_FILES:
        source = MATHJAX / name
        if source.is_dir():
            shutil.copytree(source, target / name, dirs_exist_ok=True)
        else:
            target.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target / name)


def offer_notebook(app, pagename, templatename, context, doctree):
    executed = Path(app.outdir).parent / "jupyter_execute" / f"{pagename}.ipynb"
    if doctree and executed.is_file():
        context["ipynb_source"] = executed.name  # the theme's download button looks for it
        sources = Path(app.outdir) / "_sources"
        sources.mkdir(exist_ok=True)
        shutil.copy2(executed, sources / executed.name)


# What a screen reader would otherwise be told wrongly.
MARKUP = {
    ' role="doc-biblioentry"': ' role="listitem"',  # deprecated, and no child of the list that it stands in
    '<summary aria-label="Toggle hidden content">': "<summary>",  # the text inside says which content
}


def correct_markup(app, pagename, templatename, context, doctree):
    for wrong, right in MARKUP.items():
        context["body"] = context.get("body", "").replace(wrong, right)


class self_check(nodes.General, nodes.Element):
    """A question with its choices."""


class self_check_question(nodes.General, nodes.TextElement):
    """The question itself."""


class self_check_choice(nodes.General, nodes.Element):
    """One choice: its wording and the reason why it is right or wrong."""


class self_check_wording(nodes.General, nodes.TextElement):
    """What a choice says."""


class self_check_reason(nodes.General, nodes.Element):
    """What the reader is told who takes this choice."""


CHOICE = re.compile(r"- \[([ xX])\] ")


class SelfCheck(SphinxDirective):
    """A question and its choices, of which one is right and each gives its reason after an empty line."""

    has_content = True

    def run(self):
        question, choices = self.split()
        if len(choices) < 2 or sum(right for right, _, _ in choices) != 1:
            raise self.error("self-check wants two or more choices '- [ ] ...', exactly one of them marked '- [x] ...'")
        node = self_check()
        node["serial"] = self.env.new_serialno("self-check")
        self.set_source_info(node)
        paragraph, *rest = self.parse(question)
        node += self_check_question("", "", *paragraph.children)
        node += rest
        for number, (right, wording, reason) in enumerate(choices):
            if not "".join(reason).strip():
                raise self.error(f"self-check wants a reason, after an empty line, for the choice {wording[0]!r}")
            choice = self_check_choice(right=right, number=number, serial=node["serial"])
            choice += self_check_wording("", "", *self.parse(wording)[0].children)
            choice += self_check_reason("", *self.parse(reason))
            node += choice
        return [node]

    def split(self):
        """Split the content into the question's lines and, per choice, whether it is right, its wording, its reason."""
        question, choices = [], []
        for line in self.content:
            if match := CHOICE.match(line):
                choices.append((match[1] in "xX", [line[match.end() :]], []))
            elif not choices:
                question.append(line)
            else:
                _, wording, reason = choices[-1]
                within_reason = reason or not line.strip()
                (reason if within_reason else wording).append(line.removeprefix("  "))
        return question, choices

    def parse(self, lines):
        holder = nodes.Element()
        holder.document = self.state.document
        self.state.nested_parse(StringList(lines, self.content.source(0)), self.content_offset, holder)
        if not holder.children or not isinstance(holder[0], nodes.paragraph):
            raise self.error(f"self-check wants text that begins with a paragraph, and found {' '.join(lines)!r}")
        return holder.children


def visit_self_check(translator, node):
    translator.body.append('<fieldset class="self-check">\n')


def depart_self_check(translator, node):
    translator.body.append("</fieldset>\n")


def visit_question(translator, node):
    translator.body.append("<legend>")


def depart_question(translator, node):
    translator.body.append("</legend>\n")


def visit_choice(translator, node):
    name = f"self-check-{node['serial']}"
    translator.body.append(
        f'<div class="self-check-choice {"right" if node["right"] else "wrong"}">\n'
        f'<input type="radio" name="{name}" id="{name}-{node["number"]}">\n'
    )


def depart_choice(translator, node):
    translator.body.append("</div>\n")


def visit_wording(translator, node):
    choice = node.parent
    letter = chr(ord("a") + choice["number"])  # also the name of a choice that is one formula
    translator.body.append(f'<label for="self-check-{choice["serial"]}-{choice["number"]}">{letter}) ')


def depart_wording(translator, node):
    translator.body.append("</label>\n")


def visit_reason(translator, node):
    # The outer element is always there, so that a screen reader announces what appears in it.
    verdict = "Right." if node.parent["right"] else "Not this one."
    translator.body.append(f'<div class="self-check-reason" role="status"><div><p class="verdict">{verdict}</p>\n')


def depart_reason(translator, node):
    translator.body.append("</div></div>\n")


def pass_through(translator, node):
    pass


def setup(app):
    app.add_config_value("reading_key", "", "env")
    app.add_config_value("writing_key", "", "html")
    app.connect("config-inited", use_keyed_cache)
    app.connect("config-inited", place_notfound_page)
    app.connect("doctree-read", find_unread_markup)
    app.connect("html-page-context", offer_notebook)
    app.connect("html-page-context", correct_markup)
    app.connect("build-finished", copy_mathjax)
    app.add_directive("self-check", SelfCheck)
    for node, visit, depart in [
        (self_check, visit_self_check, depart_self_check),
        (self_check_question, visit_question, depart_question),
        (self_check_choice, visit_choice, depart_choice),
        (self_check_wording, visit_wording, depart_wording),
        (self_check_reason, visit_reason, depart_reason),
    ]:
        other = (pass_through, pass_through)
        app.add_node(node, html=(visit, depart), latex=other, text=other)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
