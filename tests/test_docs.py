"""README.md and docs/ do what they say: the way back, as one would type it, and every link."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from clone import IDENTITY, REPOSITORY, Clone
from dvc.exceptions import ReproductionError
from dvc.repo import Repo
from pages import README

from params import Params

PAGES = [REPOSITORY / "README.md", *sorted((REPOSITORY / "docs").glob("*.md"))]
WRONG = (REPOSITORY / "docs/when-something-goes-wrong.md").read_text(encoding="utf-8")
FETCHED = {"data/train.npz", "data/test.npz"}  # the variation's and the baseline's
GO_BACK = re.search(r"^\*\*Go back\*\*[^\n]*\n\n((?:    [^\n]+\n)+)\n", README, re.MULTILINE)[1]


def test_the_page_of_what_goes_wrong_has_the_same_way_back():
    assert GO_BACK in WRONG


def test_the_way_back_from_a_variation_leaves_nothing(rebuilt, few, tmp_path):
    """In a clone without images and checkpoints: a net more and another recipe, of which one net is run."""
    clone = rebuilt.git_clone(tmp_path / "clone")
    clone.append("dvc.yaml", "  extra: {path: models/extra/0.pt, type: model}\n")
    shutil.copy(clone.path / "src/nets/net1.py", clone.path / "src/nets/extra.py")
    clone.run(
        "dvc exp run -S recipes.test.learning_rate=0.02 -S '+nets.extra={}' evaluate@extra-0",
        CIFAR10_ARCHIVE=few[1], **IDENTITY,
    )  # fmt: skip
    clone.run("git add metrics")  # whoever wanted to keep it, and then did not
    (clone.path / "models/net1").mkdir()
    (clone.path / "models/net1/0.pt").write_text("trained by hand, so that DVC does not know it")
    assert {"metrics/runs/extra/0.json", "models/extra/0.pt", "plots/loss/extra/0.csv"} <= generated(clone)

    clone.run(GO_BACK)
    assert clone.run("git status --porcelain").stdout == "?? src/nets/extra.py\n"
    assert generated(clone) == set(clone.run("git ls-files -- data metrics models plots").stdout.split()) | FETCHED
    assert clone.is_current()


def generated(clone: Clone) -> set[str]:
    folders = (clone.path / name for name in ("data", "metrics", "models", "plots"))
    return {
        path.relative_to(clone.path).as_posix() for folder in folders for path in folder.rglob("*") if path.is_file()
    }


def dvc(command: str, **options: object) -> object:
    """Call DVC's `command` in the present folder, knowing as little of the last call as its command line would."""
    with Repo() as repo:
        return getattr(repo, command)(**options)


@pytest.fixture
def weights(tmp_path, monkeypatch) -> Path:
    """A file that DVC has made and recorded, in the present folder."""
    monkeypatch.chdir(tmp_path)
    Repo.init(no_scm=True).close()
    Path("dvc.yaml").write_text("stages: {train: {cmd: echo good > weights, outs: [weights]}}")
    dvc("reproduce")
    return Path("weights")


@pytest.mark.parametrize(
    ("left_behind", "says"),
    [
        ("", "JSON structure is corrupted"),
        ('{{"write": {{"{path}": {{"pid": {pid}, "cmd": "dvc"}}}}}}', "is busy, it is being blocked by:"),
    ],
    ids=["an empty file", "the number of a process that is another program's now"],
)
def test_what_a_killed_dvc_leaves_behind_stops_the_next_until_it_is_removed(weights, left_behind, says):
    assert says in WRONG
    assert "rm .dvc/tmp/rwlock" in WRONG
    rwlock = Path(".dvc/tmp/rwlock")
    rwlock.write_text(left_behind.format(path=weights.absolute(), pid=os.getppid()))
    with pytest.raises(ReproductionError) as error:
        dvc("reproduce", force=True)
    assert says in str(error.value.__cause__)
    rwlock.unlink()
    dvc("reproduce", force=True)


def test_dvc_puts_a_damaged_file_of_its_cache_back_until_both_are_removed(weights):
    (cached,) = Path(".dvc/cache/files/md5").glob("*/*")
    cached.chmod(0o644)
    cached.write_text("evil\n")
    cached.chmod(0o444)
    weights.unlink()
    for command, options in {"checkout": {}, "reproduce": {"force": True}}.items():
        dvc(command, **options)
        assert weights.read_text() == "evil\n"
        assert dvc("status") == {}
    weights.unlink()
    cached.unlink()
    dvc("reproduce")
    assert weights.read_text() == cached.read_text() == "good\n"


@pytest.mark.parametrize("page", [PAGES[0], REPOSITORY / "docs/demo.md"], ids=lambda page: page.name)
def test_variations_are_compared_on_validation_images(page):
    text = page.read_text(encoding="utf-8")
    commands = re.findall(r"^    \$ (dvc exp run .+)$", text, re.MULTILINE)
    assert "data.evaluate_on=validation" in commands[0]
    names = [re.search(r"-n (\w+)", command)[1] for command in commands]
    assert f"    $ dvc metrics diff {' '.join(names)} --targets metrics/nets/net1.json\n" in text
    rows = re.findall(r"^ +metrics/nets/net1.json +net1\.(\w+) +([\d.]+) +([\d.]+) +(-?[\d.]+)$", text, re.MULTILINE)
    assert [metric for metric, *_ in rows] == ["accuracy", "loss", "sd"]
    for _, before, after, change in rows:
        assert float(after) - float(before) == pytest.approx(float(change), abs=1e-4)


def headings(page: str) -> set[str]:
    """The anchors of a page's headings, as GitHub names them."""
    found = re.findall(r"^#+ (.+)$", page, re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in found}


def test_dvcs_copy_of_a_checkpoint_is_where_the_page_looks_for_it():
    command, recorded, removed = re.search(
        r"^    \$ (grep .+)\n((?:     .+\n)+)    \$ rm (.+)$", WRONG, re.MULTILINE
    ).groups()
    found = subprocess.check_output(command, shell=True, cwd=REPOSITORY, text=True)
    assert [line.strip() for line in found.splitlines()] == [line.strip() for line in recorded.splitlines()]
    (path,), (md5,) = re.findall(r"path: (.+)", found), re.findall(r"md5: (.{32})", found)
    assert removed == f"{path} .dvc/cache/files/md5/{md5[:2]}/{md5[2:]}"


def test_quoted_lines_name_checkpoints_and_keys_as_they_are():
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        assert not re.findall(r"models/\w+\.pt", text)
        assert not re.findall(r"(?:train|evaluate)@\w+(?![-\w])", text)
    (allowed,) = re.findall(r"sede = 1: unknown key; allowed are (.+)", WRONG)
    assert allowed.split(", ") == list(Params.model_fields)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page):
    for link in re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8")):
        if not link.startswith("https://"):
            name, _, anchor = link.partition("#")
            target = page.parent / name if name else page
            assert target.exists(), link
            assert not anchor or anchor in headings(target.read_text(encoding="utf-8")), link


def test_the_readme_leads_to_every_page():
    linked = set(re.findall(r"\]\((docs/[^)#]+\.md)[)#]", README))
    assert linked == {page.relative_to(REPOSITORY).as_posix() for page in PAGES[1:]}
