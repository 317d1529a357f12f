"""No tensor is left on the wrong device. PyTorch's fake tensors show this without a GPU; only CUDA builds have them."""

import pytest
import torch
from torch._subclasses.fake_tensor import FakeTensorMode

from dataset import scale
from model.build import build
from training.augmentation import EFFECTS, augment, draw

AMOUNTS = dict.fromkeys(EFFECTS, 3) | {"flip": 0.5}


@pytest.mark.skipif(not torch.backends.cuda.is_built(), reason="this build of PyTorch has no CUDA")
@pytest.mark.parametrize("name", ["net1", "net2", "net3"])
def test_augmentation_and_the_forward_pass_stay_on_the_gpu(name):
    with FakeTensorMode(allow_non_fake_inputs=False):
        device = torch.device("cuda:0")
        images = torch.zeros((30, 32, 32, 3), dtype=torch.uint8, device=device)
        batch = torch.randperm(30).to(device)[:4]
        random = draw(AMOUNTS, len(images), seed=0, epoch=1, device=device)
        inputs = scale(augment(images, batch, random, AMOUNTS), 0.5, 0.5)
        with device:
            net = build(name, 10)
        logits = net(inputs)
    assert logits.device.type == "cuda"
    assert logits.shape == (4, 10)
