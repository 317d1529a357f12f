"""The report as one web page: its Markdown inside a small shell, figures inline. It needs no script and no network."""

import html
import re
from base64 import b64encode
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path, PurePosixPath
from string import Template

from markdown_it import MarkdownIt
from markdown_it.token import Token

LONG = 40  # letters of a table cell that may be broken into lines
SHELL = Path(__file__).with_name("page.html")


def render(markdown: str, figures: Mapping[str, bytes]) -> str:
    """The page as HTML, the same bytes for the same input; figures: PNG files by their names."""
    parser = MarkdownIt("commonmark", {"html": True}).enable("table")
    # A wide table scrolls in its box, which has a focus so that the keyboard can scroll it.
    parser.add_render_rule("table_open", lambda *_: '<div class="wide" tabindex="0"><table>')
    parser.add_render_rule("table_close", lambda *_: "</table></div>")
    tokens = parser.parse(markdown)
    for opening, token in pairwise(tokens):
        if opening.type == "td_open" and len(plain(token)) > LONG:
            opening.attrs["class"] = "long"
        for child in token.children or []:
            if child.type == "image":
                png = figures[PurePosixPath(str(child.attrs["src"])).name]
                child.attrs["src"] = f"data:image/png;base64,{b64encode(png).decode()}"
    return Template(SHELL.read_text(encoding="utf-8")).substitute(
        title=html.escape(plain(tokens[1])),
        contents=contents(tokens),
        body=parser.renderer.render(tokens, parser.options, {}),
    )


def contents(tokens: Sequence[Token]) -> str:
    """Links to the headings of the second level, which become their targets."""
    links = []
    for heading, text in pairwise(tokens):
        if heading.type == "heading_open" and heading.tag == "h2":
            heading.attrs["id"] = re.sub(r"\W+", "-", plain(text).lower())
            links.append(f'<a href="#{heading.attrs["id"]}">{html.escape(plain(text))}</a>')
    return "\n".join(links)


def plain(text: Token) -> str:
    return "".join(child.content for child in text.children or [])
