"""What the stage reads and says; that it trains well is seen through DVC in test_pipeline.py."""

import json

import pytest
from clone import REPOSITORY

import train
from foundation.errors import UserError
from params import load_params


def test_a_net_that_is_not_in_the_parameters(monkeypatch):
    monkeypatch.chdir(REPOSITORY)
    monkeypatch.setattr("sys.argv", ["train.py", "net9"])
    with pytest.raises(UserError) as error:
        train.main()
    assert str(error.value) == f"params.yaml has no net net9; it has {', '.join(load_params().nets)}"


# The stage as it is; it prints which files it has opened.
WATCHED = """
import json, sys
sys.path[0] = "src"
opened = []
sys.addaudithook(lambda event, arguments: opened.append(str(arguments[0])) if event == "open" else None)
import train
train.main()
print(json.dumps(opened))
"""


def test_training_cannot_see_the_test_images(unchanged, tmp_path):
    """The same bytes with something else in their place, and of all the data it opens the training images alone."""
    test_images = unchanged.path / "data/test.npz"
    outputs = [unchanged.path / name for name in ("models/net1.pt", "metrics/train/net1.json", "plots/loss/net1.csv")]
    with_them = [path.read_bytes() for path in outputs]
    for path in [test_images, *outputs]:
        path.unlink()  # it may be a link into DVC's cache
    test_images.write_text("no images")
    (tmp_path / "watched.py").write_text(WATCHED)
    result = unchanged.run(f"python {tmp_path}/watched.py net1")
    assert [path.read_bytes() for path in outputs] == with_them
    opened = {(unchanged.path / path).resolve() for path in json.loads(result.stdout.splitlines()[-1])}
    data = {path for path in opened if (unchanged.path / "data").resolve() in path.parents}
    assert data == {(unchanged.path / "data/train.npz").resolve()}
