"""
The documentation as a site, by Sphinx: `make docs` (docs/adr/0070-the-docs-as-a-site.md)

The pages are those that people read in the checkout; nothing is written for the site alone. docs/index.md names each
page once, in the order of the site. What Markdown of the checkout has and Sphinx has not is turned here: links to
folders, and diagrams.
"""

import pathlib
import re

from docutils import nodes
from docutils.parsers.rst import Directive

ROOT = pathlib.Path(__file__).parents[2]
INDEX = "docs/index"
DECISIONS = "docs/decisions"
# Folders that have a page of their own on the site. Other folders are of the checkout only.
PAGE_OF_FOLDER = {"docs/adr": f"{DECISIONS}.md"}

project = "Empath"
author = "The authors of Empath"
project_copyright = "the authors of Empath, Apache-2.0"
release = re.search(r'__version__ = "([^"]+)"', (ROOT / "empath/__init__.py").read_text())[1]

root_doc = INDEX
include_patterns = [
    "*.md",
    "docs/*.md",
    "docs/adr/*.md",
    "docs/howto/*.md",
    "docs/examples/*.md",
    "docs/changes/README.md",
]
exclude_patterns = ["**/.*", "build", "dist", "var"]
extensions = ["myst_parser"]
myst_heading_anchors = 6
myst_fence_as_directive = ["mermaid"]
suppress_warnings = ["misc.highlighting_failure"]  # a part of a file, or `…` in it, is no whole program
highlight_language = "none"

html_theme = "furo"
html_title = f"Empath {release}"
html_extra_path = ["root"]
html_copy_source = False
html_show_sphinx = False
html_static_path = ["static"]
html_js_files = [("diagrams.js", {"defer": "defer"})]
# The fonts are those of the reader's system, as Furo has it. A page loads nothing from other hosts.
html_theme_options = {"top_of_page_buttons": []}

_FENCE = re.compile(r"(^```.*?^```$)", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\[([^\]]*)\]\(([^)\s:#]+)(#[^)\s]*)?\)")
_SECTION = re.compile(r"^## ([^\n]+)\n(.*?)(?=^## |\Z)", re.MULTILINE | re.DOTALL)


class Mermaid(Directive):
    """A diagram, drawn in the browser by the copy of Mermaid that `make docs` puts beside the pages."""

    has_content = True

    def run(self):
        """Leave the text as it is: without a script it can still be read."""
        text = nodes.Text("\n".join(self.content)).astext().replace("&", "&amp;").replace("<", "&lt;")
        return [nodes.raw("", f'<pre class="mermaid">{text}</pre>', format="html")]


def for_site(docname, source):
    """The Markdown of one page, with links that the site has."""
    folder = (ROOT / docname).parent

    def link(found):
        label, target, fragment = found.groups()
        path = (folder / target).resolve()
        if path.is_dir():
            page = PAGE_OF_FOLDER.get(str(path.relative_to(ROOT)))
            return f"[{label}](/{page})" if page else label
        return f"[{label}]({target}{fragment if path.suffix == '.md' and fragment else ''})"

    parts = _FENCE.split(source)
    return "".join(part if part.startswith("```") else _LINK.sub(link, part) for part in parts)


def navigation(source):
    """The trees of pages, hidden in the page itself, one for each section of docs/index.md."""
    for title, body in _SECTION.findall(source):
        pages = "\n".join(f"{label} </docs/{target}>" for label, target, _ in _LINK.findall(body))
        yield f"```{{toctree}}\n:hidden:\n:caption: {title}\n\n{pages}\n```\n"


def read(_app, docname, content):
    """Turn one page as it is read."""
    text = for_site(docname, content[0])
    if docname == INDEX:
        text += "\n" + "".join(navigation(content[0]))
    elif docname == DECISIONS:
        text += "\n```{toctree}\n:glob:\n:maxdepth: 1\n\n/docs/adr/*\n```\n"
    content[0] = text


def setup(app):
    """Add what this file has to Sphinx."""
    app.add_directive("mermaid", Mermaid)
    app.connect("source-read", read)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
