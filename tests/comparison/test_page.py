"""The page: its HTML, and what Chromium shows of it."""

import html
import json
import re
import shutil
import subprocess
from pathlib import Path

import made_up
import pytest
from test_report import report_of

from comparison.page import render

BROWSER = next(filter(None, map(shutil.which, ["chromium", "chromium-browser", "google-chrome"])), None)
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108000000003a7e9b550000000a49444154789c63f80f00010101001bb6ee56"
    "0000000049454e44ae426082"
)
NAMES = ["accuracy", "per_class", "confusion_reference", "confusion_modern", "loss", "cost", "calibration"]
FIGURES = {f"{name}.png": PNG for name in NAMES}
# Frames rather than windows, because headless Chromium's windows are never as narrow as a phone.
MEASURE = """<!DOCTYPE html><meta charset="utf-8"><pre id="measured"></pre>
{frames}
<script>
const measure = page => ({{
  sideways: page.documentElement.scrollWidth - page.documentElement.clientWidth,
  images: [...page.images].map(image => image.complete && image.getBoundingClientRect().right),
  tables: [...page.querySelectorAll("table")].map(table => page.defaultView.getComputedStyle(table).overflowX),
}});
onload = () => {{
  const pages = [...document.querySelectorAll("iframe")].map(frame => measure(frame.contentDocument));
  document.getElementById("measured").textContent = JSON.stringify(pages);
}};
</script>"""


@pytest.fixture(scope="module")
def markdown() -> str:
    return report_of(made_up.grid(images=100))


def test_every_heading_is_in_the_contents_every_figure_on_the_page_and_nothing_from_outside(markdown):
    page = render(markdown, FIGURES)
    links = re.findall(r'<a href="#(.+?)">', page)
    assert len(links) == markdown.count("\n## ")
    assert links == re.findall(r'<h2 id="(.+?)">', page)
    images = re.findall(r'<img src="(.+?)"', page)
    assert len(images) == page.count("<img") == len(FIGURES)
    assert all(image.startswith("data:image/png;base64,") for image in images)
    assert page.count("<table>") == markdown.count("\n|:-")
    assert not re.search(r"<script|\son\w+=|(src|href)=\"?(https?:)?//", page)


def test_names_are_text():
    names = ["_x_ (a) b", "1. c, d", "e' + _f_"]
    runs = made_up.runs_of({"net1": [0, 1, 2, 0]}, [0, 1, 2, 1], names)
    page = render(report_of({"reference": runs}, made_up.NO_STUDY), FIGURES)
    for shown in (*names, f"{names[1]} → {names[0]}"):
        assert f">{shown}" in html.unescape(page)
    page = render("# a & <\n\n## b & <\n", {})
    assert all(shown in page for shown in ("a &amp; &lt;</title>", "b &amp; &lt;</a>"))


@pytest.mark.skipif(BROWSER is None, reason="no Chromium or Chrome on the PATH")
def test_chromium_shows_every_figure_within_the_window_and_tables_scroll_by_themselves(markdown, tmp_path):
    for width, shown in zip((390, 1200), measured(render(markdown, FIGURES), (390, 1200), tmp_path), strict=True):
        assert shown["sideways"] == 0
        assert len(shown["images"]) == len(FIGURES)
        assert all(0 < right <= width for right in shown["images"])
        assert set(shown["tables"]) == {"auto"}


def measured(page: str, widths: tuple[int, ...], folder: Path) -> list[dict]:
    """What Chromium shows of `page` in a window of each of `widths` CSS pixels."""
    frames = [f'<iframe style="border:0" width={w} height=800 srcdoc="{html.escape(page)}"></iframe>' for w in widths]
    (folder / "measure.html").write_text(MEASURE.format(frames="\n".join(frames)), encoding="utf-8")
    command = [
        BROWSER, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
        "--disable-background-networking", "--host-resolver-rules=MAP * ~NOTFOUND",
        f"--user-data-dir={folder / 'profile'}", "--virtual-time-budget=5000", "--dump-dom",
        (folder / "measure.html").as_uri(),
    ]  # fmt: skip
    shown = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True).stdout
    return json.loads(html.unescape(shown.split('<pre id="measured">')[1].split("</pre>")[0]))
