"""Machines without a common folder share the work through git and one DVC remote, as docs/with-a-group.md says."""

import re
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from clone import IDENTITY, REPOSITORY, Clone, stages_run
from small_run import STUDY_NETS, hashes, small_run, without_timing
from storage import S3, SSH, BreakingLine, Storage

pytestmark = pytest.mark.cluster
PAGE = (REPOSITORY / "docs/with-a-group.md").read_text(encoding="utf-8")
ONCE, EACH, LAST = re.findall(r"(?:^    .+\n)+", PAGE.partition("\n## Without a common folder\n")[2], re.MULTILINE)[:3]
SEEDS = [0, 1, 2]


@pytest.fixture(scope="module", params=[S3, SSH])
def storage(request, tmp_path_factory) -> Iterator[Storage]:
    if request.param.why_not():
        pytest.skip(request.param.why_not())
    with request.param(tmp_path_factory.mktemp("server")) as storage:
        yield storage


@pytest.fixture(scope="module")
def params(few) -> dict[str, object]:
    return few[0] | {"seeds": SEEDS, "nets": {"net1": STUDY_NETS["net1"]}}


@pytest.fixture(scope="module")
def trained(tmp_path_factory, few, params) -> Clone:
    """A clone in which all has run, by itself."""
    return small_run(tmp_path_factory.mktemp("trained") / "clone", params, few[1])


def set_remote(clone: Clone, options: dict[str, str]) -> None:
    """As `dvc remote modify --local` does it, without its seconds."""
    lines = [f"    {key} = {value}\n" for key, value in options.items()]
    (clone.path / ".dvc/config.local").write_text("".join(["['remote \"storage\"']\n", *lines]))


def add_remote(clone: Clone, storage: Storage, folder: str) -> None:
    """A place of its own on the server, for all; and, for this clone, who one is."""
    add, verify, *_ = ONCE.splitlines()
    clone.run(add.replace("s3://your-bucket/nets", f"{storage.url}/{folder}") + "\n" + verify)
    for key, value in storage.address(storage.port).items():
        clone.run(f"dvc remote modify storage {key} {value}")
    set_remote(clone, storage.user(may_write=True))


def elsewhere(clone: Clone, storage: Storage, path: Path) -> Clone:
    """Another person's clone."""
    other = clone.git_clone(path)
    set_remote(other, storage.user(may_write=True))
    return other


def test_each_of_three_trains_its_part_and_another_nothing(trained, params, few, storage, clone, tmp_path):
    clone.set_params(params)
    clone.commit()
    clone.run("git init -q --bare ../origin && git remote add origin ../origin && git push -qu origin HEAD")
    add_remote(clone, storage, "parts")
    clone.run("set -e\n" + "\n".join(ONCE.splitlines()[2:]), CIFAR10_ARCHIVE=few[1], **IDENTITY)
    clone.path = tmp_path / "origin"

    parts = {seed: lambda commands, seed=seed: re.sub(r"(part|net1)-0", rf"\1-{seed}", commands) for seed in SEEDS}
    for seed, part in parts.items():
        elsewhere(clone, storage, tmp_path / f"machine{seed}").run("set -e\n" + part(EACH), **IDENTITY)
    last = elsewhere(clone, storage, tmp_path / "last")
    configure, merge, *rest = LAST.splitlines()
    last.run(configure)
    for part in parts.values():
        last.run(part(merge), **IDENTITY)
    assert stages_run(last.run("set -e\n" + "\n".join(rest)).stdout) == ["summarize@net1", "compare"]
    assert without_timing(hashes(last)) == without_timing(hashes(trained))


def shared(trained: Clone, storage: Storage, path: Path, folder: str) -> Clone:
    """A copy of `trained`, cache and all, with a remote of its own."""
    subprocess.run(["cp", "-r", trained.path, path], check=True)
    copied = trained.git_clone(path / "unused")
    copied.path = path
    add_remote(copied, storage, folder)
    copied.commit()
    return copied


def test_after_the_server_was_gone_in_mid_push_a_second_push_completes(trained, storage, tmp_path):
    clone = shared(trained, storage, tmp_path / "clone", "mid-push")
    line = BreakingLine(storage.port, limit=300_000)
    set_remote(clone, storage.user(may_write=True) | storage.address(line.port))
    assert clone.run("dvc push --jobs 1", check=False).returncode != 0
    assert line.is_broken

    set_remote(clone, storage.user(may_write=True))
    clone.run("dvc push")
    assert is_complete(elsewhere(clone, storage, tmp_path / "other"))


def is_complete(clone: Clone) -> bool:
    """Whether all can be pulled into this clone."""
    clone.run("dvc pull")
    return "Data and pipelines are up to date." in clone.run("dvc repro").stdout


def test_two_push_at_once(trained, storage, tmp_path):
    clone = shared(trained, storage, tmp_path / "clone", "at-once")
    second = shared(trained, storage, tmp_path / "second", "at-once")
    with ThreadPoolExecutor() as pool:
        list(pool.map(lambda clone: clone.run("dvc push"), (clone, second)))
    assert is_complete(elsewhere(clone, storage, tmp_path / "other"))


def test_what_is_damaged_on_the_server_is_noticed_and_not_used(trained, storage, tmp_path):
    clone = shared(trained, storage, tmp_path / "clone", "damaged")
    clone.run("dvc push")
    md5 = hashes(trained)["train@net1-1: models/net1/1.pt"]
    storage.damage("damaged", md5)
    other = elsewhere(clone, storage, tmp_path / "other")
    pulled = other.run("dvc pull", check=False)
    assert pulled.returncode != 0
    assert "\nmodels/net1/1.pt\n" in pulled.stderr
    assert sorted(path.name for path in (other.path / "models/net1").glob("*.pt")) == ["0.pt", "2.pt"]
    assert "Running stage 'train@net1-1'" in other.run("dvc repro --dry", check=False).stdout

    storage.remove("damaged", md5)
    clone.run("dvc push")
    assert is_complete(other)


def test_who_may_not_write_is_told_so(trained, storage, tmp_path):
    clone = shared(trained, storage, tmp_path / "clone", "refused")
    set_remote(clone, storage.user(may_write=False))
    pushed = clone.run("dvc push", check=False)
    assert pushed.returncode != 0
    assert storage.refused in pushed.stderr
    assert "Traceback" not in pushed.stderr
