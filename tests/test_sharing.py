"""Images and checkpoints go through a remote: pushed from one clone, pulled into another."""


def test_what_one_pushes_another_pulls_and_need_not_run(unchanged, tmp_path):
    unchanged.run(f"dvc remote add -q --default mine '{tmp_path}/remote'")
    unchanged.commit()
    unchanged.run("dvc push")

    elsewhere = unchanged.git_clone(tmp_path / "elsewhere")
    elsewhere.run("dvc pull")
    files = [path.relative_to(unchanged.path) for path in unchanged.path.rglob("*") if path.suffix in (".npz", ".pt")]
    assert {path.as_posix() for path in files} >= {"data/train.npz", "data/validation.npz", "models/net1/test/1.pt"}
    for path in files:
        assert (elsewhere.path / path).read_bytes() == (unchanged.path / path).read_bytes()
    assert "Data and pipelines are up to date." in elsewhere.run("dvc repro").stdout
    assert elsewhere.run("git status --porcelain").stdout == ""
