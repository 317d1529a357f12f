"""Weights of ours in DLStudio's own classes, and theirs in ours."""

import pytest
import torch
from untrained import DESCRIPTION

from model import checkpoint
from model.build import build

module = pytest.importorskip("DLStudio", reason="DLStudio is missing: pip install -r benchmarks/requirements.txt")
THEIRS = {"net1": module.DLStudio.ExperimentsWithCIFAR.Net, "net2": module.DLStudio.ExperimentsWithCIFAR.Net2}


@torch.no_grad()
def logits(net: torch.nn.Module) -> torch.Tensor:
    return net.eval()(torch.rand(8, 3, 32, 32, generator=torch.Generator().manual_seed(0)) * 2 - 1)


@pytest.mark.parametrize("name", THEIRS)
def test_a_checkpoint_of_ours_gives_their_net_the_same_logits(name, tmp_path):
    ours, theirs = build(name, num_classes=10), THEIRS[name]()
    checkpoint.save(tmp_path / "net.pt", ours, DESCRIPTION)
    assert not torch.allclose(logits(theirs), logits(ours))
    theirs.load_state_dict(torch.load(tmp_path / "net.pt", weights_only=True)["weights"])
    torch.testing.assert_close(logits(theirs), logits(ours))


@pytest.mark.parametrize("name", THEIRS)
def test_weights_of_theirs_give_our_net_the_same_logits(name):
    ours, theirs = build(name, num_classes=10), THEIRS[name]()
    assert not torch.allclose(logits(theirs), logits(ours))
    ours.load_state_dict(theirs.state_dict())
    torch.testing.assert_close(logits(theirs), logits(ours))
