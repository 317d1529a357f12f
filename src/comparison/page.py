"""The comparison as one web page that needs no network: tables and figures inline, for a screen, a phone and paper."""

import re
from base64 import b64encode
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from comparison.report import Section

NUMBER = r"[+−]?\d(?:[\d.,]*\d)?"
INTERVAL = re.compile(rf"\({NUMBER} %\)|\(?{NUMBER}(?:–| to )(?:{NUMBER}|never)\)?")


def render(title: str, sections: list[Section], figures: dict[str, bytes]) -> str:
    """The page as HTML, the same bytes for the same input.

    figures: PNG files by their captions, which are also what a reader who cannot see them is told.
    All texts are escaped: names of classes and nets come from data and params.yaml.
    """
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {"code": code, "data_uri": data_uri, "unbroken": unbroken}
    template = environment.get_template("page.html.jinja")
    return template.render(title=title, sections=sections, figures=figures)


def code(text: str) -> Markup:
    """`text` escaped, with what stands between backticks as code."""
    return Markup(re.sub("`([^`]+)`", r"<code>\1</code>", str(escape(text))))


def unbroken(text: str) -> Markup:
    """`text` escaped, with no line end within an interval or a share."""
    return Markup(INTERVAL.sub(r'<span class="interval">\g<0></span>', str(escape(text))))


def data_uri(png: bytes) -> str:
    return f"data:image/png;base64,{b64encode(png).decode()}"
