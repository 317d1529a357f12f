"""README.md and docs/: every link leads somewhere, and what commands name is there."""

import re

import pytest
import yaml
from clone import REPOSITORY

README = REPOSITORY / "README.md"
PAGES = [README, *sorted(REPOSITORY.glob("CONTRIBUTING.md")), *sorted((REPOSITORY / "docs").glob("*.md"))]
STAGES = yaml.safe_load((REPOSITORY / "dvc.yaml").read_text(encoding="utf-8"))["stages"]


def headings(page: str) -> set[str]:
    """The anchors of a page's headings, as GitHub names them."""
    found = re.findall(r"^#+ (.+)$", page, re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in found}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page):
    for link in re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8")):
        if not link.startswith("https://"):
            name, _, anchor = link.partition("#")
            target = page.parent / name if name else page
            assert target.exists(), link
            assert not anchor or anchor in headings(target.read_text(encoding="utf-8")), link


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_name_files_targets_and_stages_that_are_there(page):
    text = page.read_text(encoding="utf-8")
    for name in re.findall(r"\bpython ((?:src|benchmarks|cluster)/\w+\.py)", text):
        assert (REPOSITORY / name).exists(), name
    targets = re.search(r"^\.PHONY: (.+)$", (REPOSITORY / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)[1]
    made = re.findall(r"(?:`|^    (?:\$ )?)make ([a-z][\w-]*)(?=`| +[A-Z#]|;|$)", text, re.MULTILINE)
    assert set(made) <= set(targets.split())
    for stage, item in re.findall(r"\b(train|evaluate|summarize)@(net[\w-]+)", text):
        assert item.count("-") == len(STAGES[stage]["matrix"]) - 1, f"{stage}@{item}"
