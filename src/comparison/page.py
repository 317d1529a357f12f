"""The report as one web page: its Markdown inside a small shell, figures inline. It needs no script and no network."""

import re
from base64 import b64encode
from collections.abc import Mapping
from itertools import pairwise
from pathlib import PurePosixPath

from markdown_it import MarkdownIt
from markdown_it.token import Token

from comparison.report import TEMPLATES

LONG = 40  # letters of a table cell that may be broken into lines


def render(markdown: str, figures: Mapping[str, bytes]) -> str:
    """The page as HTML, the same bytes for the same input; figures: PNG files by their names."""
    parser = MarkdownIt("commonmark", {"html": True}).enable("table")
    # A wide table scrolls in its box, which has a focus so that the keyboard can scroll it.
    parser.add_render_rule("table_open", lambda *_: '<div class="wide" tabindex="0"><table>')
    parser.add_render_rule("table_close", lambda *_: "</table></div>")
    tokens, headings = parser.parse(markdown), {}
    for opening, token in pairwise(tokens):
        if opening.type == "td_open" and len(plain(token)) > LONG:
            opening.attrs["class"] = "long"
        if opening.type == "heading_open" and opening.tag == "h2":
            opening.attrs["id"] = re.sub(r"\W+", "-", plain(token).lower())
            headings[opening.attrs["id"]] = plain(token)
        for child in token.children or []:
            if child.type == "image":
                png = figures[PurePosixPath(str(child.attrs["src"])).name]
                child.attrs["src"] = f"data:image/png;base64,{b64encode(png).decode()}"
    body = parser.renderer.render(tokens, parser.options, {})
    return TEMPLATES.get_template("page.html").render(title=plain(tokens[1]), headings=headings, body=body) + "\n"


def plain(text: Token) -> str:
    return "".join(child.content for child in text.children or [])
