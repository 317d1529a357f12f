"""The report as one web page: its Markdown inside a small shell, figures inline. It needs no script and no network."""

import re
from base64 import b64encode
from collections.abc import Mapping
from itertools import pairwise

from markdown_it import MarkdownIt

from comparison.report import TEMPLATES


def render(markdown: str, figures: Mapping[str, bytes]) -> str:
    """The page as HTML, the same bytes for the same input; figures: PNG files by their names."""
    parser = MarkdownIt("commonmark", {"html": True}).enable("table")
    tokens, headings = parser.parse(markdown), {}
    for opening, text in pairwise(tokens):
        if opening.type == "heading_open" and opening.tag == "h2":
            opening.attrs["id"] = re.sub(r"\W+", "-", text.content.lower())
            headings[opening.attrs["id"]] = text.content
    body = parser.renderer.render(tokens, parser.options, {})
    for name, png in figures.items():
        body = body.replace(f"../plots/figures/{name}", f"data:image/png;base64,{b64encode(png).decode()}")
    return TEMPLATES.get_template("page.html").render(title=tokens[1].content, headings=headings, body=body) + "\n"
