"""The page of `dvc plots show`: charts without a network or a warning, and pictures that fit the window."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import made_up
import pytest
import yaml
from dvc.repo import Repo
from PIL import Image

BROWSER = next(filter(None, map(shutil.which, ["chromium", "chromium-browser", "google-chrome"])), None)
MEASURE = """
<script>
addEventListener("load", () => setTimeout(() => {
  const charts = document.querySelectorAll("canvas.marks");
  document.title = `${charts.length} charts, picture ${document.images[0].width} wide`;
}, 1000));
</script>
"""


@pytest.fixture(scope="module")
def page(tmp_path_factory) -> Path:
    """What `dvc plots show` writes of one net by one recipe, by the settings of this repository."""
    folder = tmp_path_factory.mktemp("plots")
    Repo.init(str(folder), no_scm=True).close()
    shutil.copytree(made_up.REPOSITORY / ".dvc/plots", folder / ".dvc/plots")
    shutil.copy(made_up.REPOSITORY / ".dvc/config", folder / ".dvc/config")
    plots = yaml.safe_load((made_up.REPOSITORY / "dvc.yaml").read_text(encoding="utf-8"))["plots"]
    (folder / "dvc.yaml").write_text(yaml.safe_dump({"plots": plots}))
    (folder / "plots/figures").mkdir(parents=True)
    curves = ["recipe,net,seed,step,epoch,loss", "quick,mine,0,1,1,2.3", "quick,mine,0,2,1,1.9", "quick,mine,1,1,1,2.2"]
    (folder / "plots/curves.csv").write_text("\n".join(curves) + "\n")
    cells = ["title,actual,predicted,images", "mine by quick,cat,cat,3", "mine by quick,cat,dog,1"]
    (folder / "plots/confusion.csv").write_text("\n".join(cells) + "\n")
    Image.new("RGB", (3000, 1000)).save(folder / "plots/figures/accuracy.png")
    command = [sys.executable, "-m", "dvc", "plots", "show"]
    shown = subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True)
    assert shown.stderr == ""
    return folder / "dvc_plots/index.html"


def test_the_page_loads_nothing_and_titles_are_for_people(page):
    text = page.read_text(encoding="utf-8")
    assert text.count("vegaEmbed('#") == 2
    assert "mine by quick" in text
    assert not re.search(r"<(script|link|img)\b[^>]*\b(src|href)\s*=\s*[\"']?(https?:)?//", text)


@pytest.mark.skipif(BROWSER is None, reason="no Chromium or Chrome on the PATH")
def test_chromium_shows_the_charts_without_a_network_and_the_picture_in_a_narrow_window(page, tmp_path):
    with page.open("a", encoding="utf-8") as file:
        file.write(MEASURE)
    command = [
        BROWSER, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--window-size=700,900",
        "--disable-background-networking", "--host-resolver-rules=MAP * ~NOTFOUND",
        f"--user-data-dir={tmp_path / 'profile'}", "--virtual-time-budget=5000", "--dump-dom", page.as_uri(),
    ]  # fmt: skip
    shown = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True).stdout
    found = re.search(r"<title>(\d) charts, picture (\d+) wide</title>", shown)
    assert found[1] == "2"
    assert 500 < int(found[2]) < 700
