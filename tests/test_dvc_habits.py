"""What people do with DVC day by day, as docs/when-something-goes-wrong.md says it, in a clone with one trained net."""

import re
from pathlib import Path

import pytest
from clone import IDENTITY, REPOSITORY, Clone

PAGE = (REPOSITORY / "docs/when-something-goes-wrong.md").read_text(encoding="utf-8")
GO_BACK = re.search(r"^    (touch params.yaml && .+\n    dvc checkout .+)$", PAGE, re.MULTILINE)[1]
CLEAN_UP = re.findall(r"^    \$ (dvc (?:exp list|exp rm|gc).*)$", PAGE, re.MULTILINE)
EXP_SHOW = re.search(r"^    \$ (dvc exp show .+)$", PAGE, re.MULTILINE)[1]
OFFLINE = {"http_proxy": "http://127.0.0.1:9", "https_proxy": "http://127.0.0.1:9", "no_proxy": ""}
STAGES = "fetch train@net1-0 evaluate@net1-0 summarize@net1"
VALIDATION = "-S data.evaluate_on=validation -S data.held_out.validation=30"


@pytest.fixture(scope="module")
def trained(tmp_path_factory) -> Clone:
    """A clone in which Net1 is trained on the digits, by one seed, committed; the other nets never were."""
    clone = Clone(tmp_path_factory.mktemp("trained") / "clone")
    clone.set_params({"data.source": "digits", "recipe": "quick", "seeds": [0]})
    clone.run("dvc repro summarize@net1")
    clone.commit()
    return clone


def files(clone: Clone) -> dict[str, bytes]:
    """What stages and `-S` write."""
    places = (clone.path / name for name in ("data", "metrics", "models", "plots", "dvc.lock", "params.yaml"))
    paths = (path for place in places for path in (place, *place.rglob("*")) if path.is_file())
    return {path.relative_to(clone.path).as_posix(): path.read_bytes() for path in paths}


@pytest.mark.parametrize(
    ("command", "says"),
    [
        ("dvc exp run -S data.source=cifar10 fetch", "error: cifar10 could not be had"),
        ("dvc exp run -S recipe=quik evaluate@net1-0", "Parameters 'recipes.quik' are missing from 'params.yaml'"),
        (f"dvc exp run {VALIDATION} -S recipes.quick.learning_rate=1e6 evaluate@net1-0", "the loss became"),
        (f"dvc exp run -n mine {VALIDATION} evaluate@net1-0", ""),
    ],
    ids=["no network", "no such recipe", "training diverges on validation images", "nothing fails"],
)
def test_the_way_back_leaves_nothing(trained, command, says):
    before = files(trained)
    result = trained.run(command, check=False, **IDENTITY, **OFFLINE)
    assert bool(result.returncode) == bool(says)
    assert says in result.stdout + result.stderr
    assert files(trained) != before

    trained.run(GO_BACK)
    assert trained.run("git status --porcelain").stdout == ""
    assert files(trained) == before
    assert trained.run(f"dvc status {STAGES}").stdout == "Data and pipelines are up to date.\n"
    if not says:
        trained.run("dvc exp rm mine")


def test_variations_are_shown_in_a_narrow_table_and_leave_no_more_in_the_cache_than_a_registered_version(trained):
    def cached() -> dict[str, Path]:
        paths = (path for path in (trained.path / ".dvc/cache/files/md5").rglob("*") if path.is_file())
        return {path.parent.name + path.name: path for path in paths}

    for name, size in {"baseline": 8, "four": 4}.items():
        command = f"dvc exp run -n {name} {VALIDATION} -S recipes.quick.batch_size={size} summarize@net1"
        trained.run(command, **IDENTITY)
    head, *rows = [
        line.split() for line in trained.run(EXP_SHOW, COLUMNS="120").stdout.splitlines() if "──── " not in line
    ]
    assert head == ["Experiment", "net1.accuracy", "net1.loss", "recipes.quick.batch_size"]
    assert {(row[-4].strip("[]"), row[-1]) for row in rows} == {("master", "8"), ("four", "4"), ("baseline", "8")}

    trained.run("git add -A && git commit -qm four && gto register net1 --version v1.0.0", **IDENTITY)
    weights = (trained.path / "models/net1/0.pt").read_bytes()
    trained.run(f"git reset -q --hard HEAD~1\n{GO_BACK}")
    locks = trained.run("git show HEAD:dvc.lock net1@v1.0.0:dvc.lock").stdout
    assert not all(md5 in locks for md5 in cached())

    listing, *removing = CLEAN_UP
    assert set(re.findall(r"\[(\w+)\]", trained.run(listing).stdout)) == {"baseline", "four"}
    for command in removing:
        trained.run(f"echo y | {command}")
    assert weights in [path.read_bytes() for path in cached().values()]
    assert all(md5 in locks for md5 in cached())
    assert trained.run(f"dvc status {STAGES}").stdout == "Data and pipelines are up to date.\n"


def test_pulling_what_was_never_pushed(trained, tmp_path):
    clone = trained.git_clone(tmp_path / "clone")
    refused = clone.run("dvc pull", check=False)
    for line in ("No remote provided and no default remote set.", "Everything is up to date."):
        assert line in refused.stdout + refused.stderr
        assert line in PAGE
    assert refused.returncode == 1

    for some in (trained, clone):
        some.run(f"dvc remote add --default mine '{tmp_path / 'remote'}'")
    trained.run("dvc push")
    assert "Checkout failed for following targets" in clone.run("dvc pull", check=False).stderr
    clone.run("dvc pull --allow-missing")
    assert (clone.path / "models/net1/0.pt").read_bytes() == (trained.path / "models/net1/0.pt").read_bytes()
    trained.run(GO_BACK)
