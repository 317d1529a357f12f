"""README.md and docs/, for the tests that hold them to what they say."""

import re

from clone import REPOSITORY

README = (REPOSITORY / "README.md").read_text(encoding="utf-8")


def section(text: str, heading: str) -> str:
    """What stands in Markdown `text` under `heading`, for example "## Results", up to the next of its level."""
    level = heading.partition(" ")[0]
    return re.search(rf"^{re.escape(heading)}\n(.*?)(?=^#{{1,{len(level)}}} |\Z)", text, re.DOTALL | re.MULTILINE)[1]


def table(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.startswith("|")]


def verdicts(findings: dict[str, dict]) -> str:
    """The lines that `compare` prints of metrics/claims.json, indented as a block."""
    return "".join(f"    {finding['verdict']:15}{finding['claim']}\n" for finding in findings.values())
