"""The page of `dvc plots show`: charts are there without a network, and pictures fit the window."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from clone import REPOSITORY
from dvc.repo import Repo
from pictures import png

BROWSER = next(filter(None, map(shutil.which, ["chromium", "chromium-browser", "google-chrome"])), None)
DEFINED = """\
plots:
  - loss.csv: {x: step, y: loss}
  - confusion.csv: {template: confusion, x: actual, y: predicted}
  - picture.png
"""
MEASURE = """
<script>
addEventListener("load", () => setTimeout(() => {
  const charts = document.querySelectorAll("canvas.marks");
  document.title = `${charts.length} charts, picture ${document.images[0].width} wide`;
}, 1000));
</script>
"""


@pytest.fixture
def page(tmp_path, monkeypatch) -> Path:
    """What `dvc plots show` writes of two charts and a picture, by the settings of this repository."""
    monkeypatch.chdir(tmp_path)
    Repo.init(no_scm=True).close()
    shutil.copy(REPOSITORY / ".dvc/config", ".dvc/config")
    shutil.copytree(REPOSITORY / ".dvc/plots", ".dvc/plots")
    Path("dvc.yaml").write_text(DEFINED)
    Path("loss.csv").write_text("step,loss\n1,2.3\n2,1.9\n")
    Path("confusion.csv").write_text("actual,predicted\ncat,cat\ncat,dog\ndog,dog\n")
    Path("picture.png").write_bytes(png(255, size=(3000, 1000)))
    subprocess.run(["dvc", "plots", "show"], check=True)
    return tmp_path / "dvc_plots/index.html"


def test_the_page_loads_nothing(page):
    text = page.read_text(encoding="utf-8")
    assert text.count("vegaEmbed('#") == 2
    assert not re.search(r"<(script|link|img)\b[^>]*\b(src|href)\s*=\s*[\"']?(https?:)?//", text)


@pytest.mark.skipif(BROWSER is None, reason="no Chromium or Chrome on the PATH")
def test_chromium_shows_the_charts_without_a_network_and_the_picture_in_a_narrow_window(page, tmp_path):
    with page.open("a", encoding="utf-8") as file:
        file.write(MEASURE)
    command = [
        BROWSER, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--window-size=700,900",
        "--host-resolver-rules=MAP * ~NOTFOUND", f"--user-data-dir={tmp_path / 'profile'}",
        "--virtual-time-budget=5000", "--dump-dom", page.as_uri(),
    ]  # fmt: skip
    shown = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True).stdout
    found = re.search(r"<title>(\d) charts, picture (\d+) wide</title>", shown)
    assert found[1] == "2"
    assert 500 < int(found[2]) < 700
