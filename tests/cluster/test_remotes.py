"""Machines without a common folder share the work through git and one DVC remote, here on servers of S3 and SSH."""

import os
import resource
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from clone import IDENTITY, Clone, stages_run
from slurm import until
from small_run import hashes

pytestmark = pytest.mark.cluster
KEYS = {"access_key_id": "key", "secret_access_key": "secret"}
SSHD = Path("/usr/sbin/sshd")


@pytest.fixture
def s3() -> Iterator[dict[str, str]]:
    """The options that lead to a server with the bucket `nets`."""
    boto3 = pytest.importorskip("boto3", reason="boto3 is missing: pip install -r cluster/requirements.txt")
    moto = pytest.importorskip("moto.server", reason="moto is missing: pip install -r cluster/requirements.txt")
    server = moto.ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
    server.start()
    url = "http://{}:{}".format(*server.get_host_and_port())
    options = {f"aws_{name}": value for name, value in KEYS.items()}
    boto3.client("s3", endpoint_url=url, region_name="us-east-1", **options).create_bucket(Bucket="nets")
    yield KEYS | {"endpointurl": url}
    server.stop()


@contextmanager
def sshd(folder: Path, largest: int = resource.RLIM_INFINITY) -> Iterator[dict[str, str]]:
    """The options that lead to a server; a file of more than `largest` bytes breaks the connection that sends it."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    settings = {
        "ListenAddress": f"127.0.0.1:{port}", "HostKey": folder / "host", "AuthorizedKeysFile": folder / "member.pub",
        "PidFile": "none", "StrictModes": "no", "Subsystem": "sftp internal-sftp",
    }  # fmt: skip
    command = [SSHD, "-D", "-e", "-f/dev/null", *(f"-o{key}={value}" for key, value in settings.items())]
    limit = (largest, largest)
    server = subprocess.Popen(command, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, limit))
    try:
        until(lambda: answers(port))
        yield {"port": str(port), "keyfile": str(folder / "member")}
    finally:
        server.kill()
        server.wait()


def answers(port: int) -> bool:
    with suppress(OSError), socket.create_connection(("127.0.0.1", port)):
        return True
    return False


def set_options(clone: Clone, options: dict[str, str]) -> None:
    """Of the remote that git knows by its address, those that stay out of git."""
    for key, value in options.items():
        clone.run(f"dvc remote modify --local storage {key} {value}")


def test_each_of_two_machines_trains_a_part_and_another_brings_them_together(rebuilt, s3, tmp_path):
    """Git calls `merge_lock.py`, because by lines it could not merge what both have added to dvc.lock."""
    first = rebuilt.git_clone(tmp_path / "first")
    first.set_params({"compare": {"nets": ["mine"], "recipes": ["test"], "seeds": [5, 6]}})
    first.run("dvc repro fetch && dvc remote add --default storage s3://nets")
    first.commit()
    set_options(first, s3)
    first.run("dvc push fetch")
    parts = []
    for seed in (5, 6):
        part = first.git_clone(tmp_path / f"part{seed}")
        set_options(part, s3)
        part.run(f"dvc pull fetch && dvc repro --single-item train@mine-test-{seed} evaluate@mine-test-{seed}")
        part.run(f"git switch -qc part-{seed} && dvc push train@mine-test-{seed}")
        part.commit()
        part.run(f"git push -q origin part-{seed}")
        parts.append(part)

    last = first.git_clone(tmp_path / "last")
    set_options(last, s3)
    last.run(f"git config merge.dvc-lock.driver '{sys.executable} cluster/merge_lock.py %O %A %B'")
    for seed in (5, 6):
        last.run(f"git merge --no-edit origin/part-{seed}", **IDENTITY, PATH="/usr/bin:/bin")
    last.run("dvc pull --allow-missing")
    assert set(stages_run(last.run("dvc repro --allow-missing").stdout)) == {"summarize@mine-test", "compare"}
    assert (last.path / "models/mine/test/6.pt").exists()
    merged = hashes(last)
    for seed, part in zip((5, 6), parts, strict=True):
        own = {key: md5 for key, md5 in hashes(part).items() if f"@mine-test-{seed}:" in key}
        assert own.items() <= merged.items()
        assert own


@pytest.mark.skipif(not SSHD.exists() or os.geteuid() != 0, reason="no sshd, or not root, who alone can start it")
def test_a_push_by_ssh_that_was_cut_off_is_completed_by_a_second_one(unchanged, tmp_path):
    Path("/run/sshd").mkdir(exist_ok=True)  # sshd wants it
    (tmp_path / "storage").mkdir()
    for name in ("host", "member"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", tmp_path / name], check=True)
    unchanged.run(f"dvc remote add -q --default storage ssh://127.0.0.1{tmp_path}/storage")
    unchanged.commit()
    images = unchanged.path / "data/train.npz"
    with sshd(tmp_path, largest=images.stat().st_size // 2) as options:
        set_options(unchanged, options)
        assert unchanged.run("dvc push --jobs 1", check=False).returncode != 0
    with sshd(tmp_path) as options:
        set_options(unchanged, options)
        unchanged.run("dvc push")
        other = unchanged.git_clone(tmp_path / "other")
        set_options(other, options)
        other.run("dvc pull")
    assert (other.path / "data/train.npz").read_bytes() == images.read_bytes()
    assert "Data and pipelines are up to date." in other.run("dvc repro").stdout
