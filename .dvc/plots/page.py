"""Renew `page.html`, the page of `dvc plots show`, with Vega inside it, so that charts appear without a network.

reads   Vega, Vega-Lite and Vega-Embed from the npm registry, in the versions below
writes  .dvc/plots/page.html, with the licence of all that is in it
run     python .dvc/plots/page.py    it needs npm, and a network
"""

import json
import re
import subprocess
import tempfile
from pathlib import Path

# The newest of Vega-Lite's fifth version, for which the templates of DVC and those here are written.
VERSIONS = {"vega": "5.33.1", "vega-lite": "5.23.0", "vega-embed": "6.29.0"}
PAGE = """\
<!DOCTYPE html>
<!--
Made by page.py. Vega, Vega-Lite and Vega-Embed are inside, and what they have taken from others, by these licences:

{licences}
-->
<html lang="en">
<head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width">
    {refresh_tag}
    <title>DVC Plot</title>
    <style>
        body { font-family: sans-serif; }
        img { max-width: 100%; height: auto; }
        table { border-spacing: 15px; }
    </style>
{vega}
</head>
<body>
    {plot_divs}
</body>
</html>
"""
FILLED_BY_DVC = ("{refresh_tag}", "{plot_divs}")


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        names = [f"{name}@{version}" for name, version in VERSIONS.items()]
        subprocess.run(
            ["npm", "install", "--ignore-scripts", "--no-audit", "--no-fund", *names], cwd=folder, check=True
        )
        modules = Path(folder) / "node_modules"
        scripts = "\n".join(f"<script>\n{script(modules, name)}\n</script>" for name in VERSIONS)
        page = PAGE.replace("{licences}", licences(modules)).replace("{vega}", scripts)
    if any(page.count(place) != 1 for place in FILLED_BY_DVC) or page.count("-->") != 1:
        raise SystemExit("error: Vega or a licence holds what DVC or HTML takes for its own")
    Path(__file__).with_suffix(".html").write_text(page, encoding="utf-8")


def built(modules: Path, name: str) -> Path:
    return modules / name / f"build/{name}.min.js"


def script(modules: Path, name: str) -> str:
    text = built(modules, name).read_text(encoding="utf-8")
    return re.sub(r"\s*//# sourceMappingURL=.*", "", text).replace("</script", r"<\/script")


def licences(modules: Path) -> str:
    """Each licence text once, under the names of the packages it is for: the three, and those built into them."""
    names = set(VERSIONS)
    for name in VERSIONS:
        sources = json.loads(built(modules, name).with_suffix(".js.map").read_text(encoding="utf-8"))["sources"]
        parts = {part for source in sources for part in source.split("/")} - {".."}
        names |= {part for part in parts if (modules / part / "package.json").exists()}
    texts = {}
    for name in sorted(names):
        own = modules.glob(f"{name}/LICENSE*")
        licence = next(own, modules / "vega-view/LICENSE")  # Vega's parts, of which some lack the copy that others have
        texts.setdefault(licence.read_text(encoding="utf-8").strip(), []).append(name)
    return "\n\n".join(f"{', '.join(names)}\n\n{text}" for text, names in texts.items())


if __name__ == "__main__":
    main()
