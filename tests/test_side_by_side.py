"""The page of two recipes, from two commits with results made up here."""

import re
import subprocess
import sys
from pathlib import Path

import made_up
import pytest
from clone import IDENTITY
from dvc.repo import Repo
from made_up import NETS, write

import side_by_side
from comparison.claims import CLAIMS
from foundation.errors import UserError
from results.run import Run

MODERN = made_up.RECIPE.model_copy(update={"name": "modern", "batch_size": 128})


@pytest.fixture(autouse=True)
def repository(tmp_path, monkeypatch):
    """In it two commits, by one recipe with all nets and by another with three, each a little better."""
    monkeypatch.chdir(tmp_path)
    for key, value in IDENTITY.items():
        monkeypatch.setenv(key, value)
    git("init", "-q")
    Repo.init().close()
    commit("reference", made_up.cifar_like(images=1000, epochs=5))
    better = {net: accuracy + 0.05 for net, accuracy in NETS.items() if net != "net3_no_bn"}
    modern = made_up.cifar_like(better, images=1000, epochs=5)
    for evaluations in modern.evaluations.values():
        evaluations[:] = [one.model_copy(update={"recipe": MODERN}) for one in evaluations]
    commit("modern", modern)
    monkeypatch.setattr(sys, "argv", ["side_by_side.py", "reference", "modern", "docs/modern"])


def git(*command: str) -> str:
    return subprocess.run(["git", *command], check=True, capture_output=True, text=True).stdout.strip()


def commit(name: str, made) -> None:
    """`made` as the results of a commit with the tag `name`."""
    subprocess.run(["rm", "-rf", "metrics", "plots"], check=True)
    write(made)
    Path("data/study.csv").write_text("class,net1\noverall,61\n")
    for net in made.nets:
        for seed in made.seeds:
            path = Path(Run(net, seed).file("metrics/timing"))
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text('{"seconds": 90}')
    git("add", "-A")
    git("commit", "-qm", name)
    git("tag", name)


def test_the_page_has_both_recipes(capsys):
    side_by_side.main()
    page = Path("docs/modern.md").read_text(encoding="utf-8")
    assert page.startswith("# Recipe modern beside none\n\n- recipe none: batch 5, ")
    assert "- recipe modern: batch 128, " in page
    rows = [line.split("|")[1].strip() for line in page.partition("## Each net by both")[2].splitlines() if "|" in line]
    assert rows[2:5] == ["net1", "net2", "net3"]
    assert "+5.0" in page
    assert "1.5" in page.partition("minutes by modern")[2]
    assert all(claim.sentence in page for claim in CLAIMS.values())
    assert "](modern.png)" in page
    assert Path("docs/modern.png").read_bytes().startswith(b"\x89PNG")
    assert capsys.readouterr().out == "docs/modern.md: net1, net2, net3 by none and by modern\n"


def test_the_page_says_which_commits_and_machine_it_is_of(monkeypatch):
    reference = git("rev-parse", "reference")
    git("update-ref", f"refs/exps/{reference[:2]}/{reference[2:]}/better", "modern")
    monkeypatch.setattr(sys, "argv", ["side_by_side.py", "reference", "better", "docs/modern"])
    side_by_side.main()
    first, second = re.findall(r"^- recipe .+$", Path("docs/modern.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert f"`reference` ({reference[:7]}). Trained with PyTorch " in first
    assert f"`better` (an experiment on {reference[:7]}). Trained with PyTorch " in second


def test_one_seed_beside_several_has_no_difference(monkeypatch):
    commit("one", made_up.cifar_like({"net1": 0.7}, images=1000, seeds=1, epochs=5))
    one = git("rev-parse", "one")[:10]
    monkeypatch.setattr(sys, "argv", ["side_by_side.py", "reference", one, "docs/modern"])
    side_by_side.main()
    page = Path("docs/modern.md").read_text(encoding="utf-8")
    assert f"; seed 0; `{one}`. Trained with" in page
    assert "By one seed the interval is about that trained net" in page
    assert "difference (points)" not in page
    figure = side_by_side.recipes_figure([side_by_side.compared(name) for name in ("reference", one)], ["net1"])
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["none, seeds 0, 1 and 2", "none, seed 0"]


def test_the_same_commits_give_the_same_bytes():
    side_by_side.main()
    before = [Path(f"docs/modern.{kind}").read_bytes() for kind in ("md", "png")]
    side_by_side.main()
    assert [Path(f"docs/modern.{kind}").read_bytes() for kind in ("md", "png")] == before


@pytest.mark.parametrize(
    ("revisions", "says"),
    [
        (["reference", "nobody"], r"^nobody: .*unknown Git revision 'nobody'"),
        (["reference", "empty"], r"^empty has no results: "),
        (["reference", "validation"], r"are not on the same images$"),
        (["modern", "others"], r"have no net in common$"),
    ],
)
def test_what_cannot_be_put_side_by_side_is_one_line(revisions, says, monkeypatch):
    commit("validation", made_up.cifar_like({"net1": 0.6}, images=1000, on="validation"))
    commit("others", made_up.cifar_like({"net3_no_bn": 0.1}, images=1000))
    git("checkout", "-q", "--orphan", "empty")
    git("rm", "-rfq", "--cached", ".")
    git("commit", "-q", "--allow-empty", "-m", "empty")
    monkeypatch.setattr(sys, "argv", ["side_by_side.py", *revisions, "docs/modern"])
    with pytest.raises(UserError, match=says):
        side_by_side.main()
    assert not Path("docs").exists()
