"""The page: its HTML, and what Chromium shows of it."""

import html
import io
import json
import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path

import made_up
import pandas as pd
import pytest
from PIL import Image

from comparison.claims import judge
from comparison.page import render, unbroken
from comparison.report import Section, make_sections
from comparison.tables import make_tables

STUDY = pd.DataFrame(
    {net: [accuracy] * 11 for net, accuracy in made_up.NETS.items()}, index=[*made_up.CIFAR10, "overall"]
)
BROWSER = next(filter(None, map(shutil.which, ["chromium", "chromium-browser", "google-chrome"])), None)
VOID = {"meta", "link", "img", "br"}
# Frames rather than windows, because headless Chromium's windows are never as narrow as a phone.
MEASURE = """<!DOCTYPE html><meta charset="utf-8"><pre id="measured"></pre>
{frames}
<script>
const box = element => {{
  const {{left, right, width, height}} = element.getBoundingClientRect();
  return {{left, right, width, height, visible: element.checkVisibility()}};
}};
const measure = page => ({{
  sideways: page.documentElement.scrollWidth - page.documentElement.clientWidth,
  images: [...page.images].map(image => ({{...box(image), loaded: image.complete && image.naturalWidth > 0}})),
  tables: [...page.querySelectorAll("table")].map(table => ({{
    ...box(table),
    around: box(table.parentElement),
    scrolls: page.defaultView.getComputedStyle(table.parentElement).overflowX === "auto",
    cells: table.querySelectorAll("th, td").length,
    bad_cells: [...table.querySelectorAll("th, td")].filter(
      cell => !cell.checkVisibility() || cell.scrollWidth > cell.clientWidth + 1 || !cell.textContent.trim()
    ).length,
  }})),
}});
onload = () => {{
  const pages = [...document.querySelectorAll("iframe")].map(frame => measure(frame.contentDocument));
  document.getElementById("measured").textContent = JSON.stringify(pages);
}};
</script>"""


class Page(HTMLParser):
    """The elements of a page; fails on an element that is not closed in its place."""

    def __init__(self, text: str):
        super().__init__()
        self.open, self.tags, self.urls, self.images = [], [], [], []
        self.tables, self.strong, self.codes, self.text = [], [], [], ""
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        self.tags.append(tag)
        self.urls += [value for key, value in attributes.items() if key in ("src", "href", "srcset", "action", "data")]
        if tag not in VOID:
            self.open.append(tag)
        if tag == "img":
            self.images.append(attributes)
        if tag == "table":
            self.tables.append([])
        if tag == "tr":
            self.tables[-1].append([])
        if tag in ("th", "td"):
            self.tables[-1][-1].append("")

    def handle_endtag(self, tag):
        assert self.open.pop() == tag
        if tag in ("th", "td"):
            self.tables[-1][-1][-1] = self.tables[-1][-1][-1].strip()
        if tag == "strong":
            self.strong.append(self.tables[-1][-1][-1])

    def handle_data(self, data):
        self.text += data
        if {"th", "td"} & set(self.open):
            self.tables[-1][-1][-1] = (self.tables[-1][-1][-1] + data).lstrip()
        if "code" in self.open:
            self.codes.append(data)


def made_up_report(nets: dict[str, float] = made_up.NETS, study: pd.DataFrame = STUDY) -> list[Section]:
    runs = made_up.cifar_like(nets, images=1000, epochs=5)
    tables = make_tables(runs, study)
    return make_sections(runs, tables, judge(runs, tables))


def png(width: int, height: int) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (width, height), "teal").save(file, "PNG")
    return file.getvalue()


FIGURES = {"Loss of all nets": png(1500, 900), "Confusion matrices": png(3000, 800), "Accuracy": png(200, 2000)}


def test_every_cell_is_on_the_page():
    report_sections = made_up_report()
    page = Page(render("Title", report_sections, FIGURES))
    assert page.tables == [[list(s.table), *s.table.astype(str).to_numpy().tolist()] for s in report_sections]
    assert page.strong == [report_sections[1].table.loc[place] for place in sorted(report_sections[1].best)]
    assert page.codes == ["src/comparison/claims.py", "metrics/timing/"]


@pytest.mark.parametrize(
    ("cell", "kept"),
    [
        ("75.09 (74.2–75.9)", ["(74.2–75.9)"]),
        ("gap +3.28 (+1.9 to +4.7) points", ["(+1.9 to +4.7)"]),
        ("1.54 nats 9,000–11,000 → 20–never", ["9,000–11,000", "20–never"]),
        ("dog → cat, 89 (29.7 %)", ["(29.7 %)"]),
        ("car–truck & 2 to", []),
    ],
)
def test_lines_do_not_end_within_an_interval(cell, kept):
    marked = re.findall('<span class="interval">(.+?)</span>', unbroken(cell))
    assert marked == kept
    assert re.sub("<.+?>", "", unbroken(cell)) == html.escape(cell)


def test_nothing_comes_from_outside():
    text = render("Title", made_up_report(), FIGURES)
    page = Page(text)
    assert [image["alt"] for image in page.images] == list(FIGURES)
    assert all(url.startswith("data:") for url in page.urls)
    assert "script" not in page.tags
    assert not any(word in text for word in ("http:", "https:", "@import", "url("))


def test_the_same_comparison_makes_the_same_bytes():
    assert render("Title", made_up_report(), FIGURES) == render("Title", made_up_report(), FIGURES)


def test_names_are_text_wherever_they_stand():
    name = "<script>alert(1)</script>"
    table = pd.DataFrame({"true class": [name, '" onload="x'], name: ["1", name]})
    section = Section(name, f"`{name}` & {name}", table, words=("true class", name), best=frozenset({(1, name)}))
    page = Page(render(name, [section], {f'{name}" onerror="x': png(1, 1)}))
    assert "script" not in page.tags
    assert page.tables == [[["true class", name], [name, "1"], ['" onload="x', name]]]
    assert page.codes == page.strong == [name]
    assert f"{name} & {name}" in page.text
    assert set(page.images[0]) == {"src", "alt"}


def test_a_section_without_a_table_is_its_sentence():
    page = Page(render("Title", [Section("Pairs", "There is one net.", pd.DataFrame(), words=())], {}))
    assert "There is one net." in page.text
    assert page.tables == page.images == []
    assert "Figures" not in page.text


@pytest.mark.skipif(BROWSER is None, reason="no Chromium or Chrome on the PATH")
@pytest.mark.parametrize("nets", [made_up.NETS, {f"a_longer_name_{i}": 0.5 for i in range(8)}], ids=["four", "eight"])
def test_chromium_shows_every_table_and_figure(nets, tmp_path):
    report_sections = made_up_report(nets)
    page = render("Comparison", report_sections, FIGURES)
    for width, shown in zip((360, 1280), measured(page, (360, 1280), tmp_path), strict=True):
        assert shown["sideways"] == 0
        assert len(shown["images"]) == len(FIGURES)
        for image in shown["images"]:
            assert image["loaded"]
            assert image["visible"]
            assert 0 <= image["left"] < image["right"] <= width
            assert image["height"] > 50
        sizes = [(len(section.table) + 1) * len(section.table.columns) for section in report_sections]
        assert [table["cells"] for table in shown["tables"]] == sizes
        for table in shown["tables"]:
            assert table["visible"]
            assert table["bad_cells"] == 0
            assert table["scrolls"]
            assert 0 <= table["around"]["left"] < table["around"]["right"] <= width
            assert table["around"]["height"] >= table["height"] > 0


def measured(page: str, widths: tuple[int, ...], folder: Path) -> list[dict]:
    """What Chromium shows of `page` in a window of each of `widths` CSS pixels."""
    frames = [f'<iframe style="border:0" width={w} height=800 srcdoc="{html.escape(page)}"></iframe>' for w in widths]
    (folder / "measure.html").write_text(MEASURE.format(frames="\n".join(frames)), encoding="utf-8")
    command = [
        BROWSER, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
        "--host-resolver-rules=MAP * ~NOTFOUND", f"--user-data-dir={folder / 'profile'}",
        "--virtual-time-budget=5000", "--dump-dom", (folder / "measure.html").as_uri(),
    ]  # fmt: skip
    shown = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True).stdout
    return json.loads(html.unescape(shown.split('<pre id="measured">')[1].split("</pre>")[0]))
