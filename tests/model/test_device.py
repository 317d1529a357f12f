"""What the settings do to results: each is seen in the bits of an operation that it changes."""

import subprocess
import sys
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F

from model import device
from model.build import build

GENERATOR = torch.Generator().manual_seed(0)
VALUES = torch.rand(10, 100_000, generator=GENERATOR)  # so many that PyTorch shares a sum of them out among threads
on_a_gpu = pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA GPU here")


@pytest.mark.parametrize(("has_gpu", "name"), [(True, "cuda"), (False, "cpu")])
def test_a_gpu_where_there_is_one(monkeypatch, has_gpu, name):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: has_gpu)
    assert device.select_device() == torch.device(name)


def sums() -> list[float]:
    return [row.sum().item() for row in VALUES]


def test_the_number_of_threads_is_never_that_of_the_machine():
    """It changes the last bits of a sum."""
    torch.set_num_threads(2)
    two = sums()
    device.make_deterministic()
    one = sums()
    assert one != two
    torch.set_num_threads(3)  # as PyTorch does by itself on a machine with three cores
    device.make_deterministic()
    assert sums() == one


@pytest.mark.parametrize(
    ("name", "has_it"), [("avx512_f", False), ("avx512_bf16", True), ("amx_int8", False), ("amx_bf16", True)]
)
def test_bfloat16_is_for_cpus_with_instructions_for_it(monkeypatch, name, has_it):
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {name: True})
    assert device.has_bfloat16(torch.device("cpu")) == has_it


@on_a_gpu
def test_a_gpu_computes_in_full_single_precision():
    """Against double precision. TF32, which has 10 of 23 bits, is off by some hundredths here."""
    device.make_deterministic()
    gpu = device.select_device()
    matrices = torch.randn(2, 512, 512, generator=GENERATOR).to(gpu)
    images, kernels = (torch.randn(64, 64, 8, 8, generator=GENERATOR).to(gpu) for _ in range(2))
    for operation, operands in ((torch.matmul, matrices), (F.conv2d, (images, kernels))):
        exact = operation(*(operand.double() for operand in operands))
        torch.testing.assert_close(operation(*operands).double(), exact, rtol=0, atol=1e-3)


@on_a_gpu
@pytest.mark.parametrize("name", ["net1", "net2", "net3"])
def test_a_gpu_gives_the_same_gradients_every_time(name):
    device.make_deterministic()
    net = build(name, 10).to(device.select_device())
    images = torch.rand(128, 3, 32, 32, generator=GENERATOR).to(device.select_device())
    targets = torch.arange(128, device=images.device) % 10

    def gradients() -> list[torch.Tensor]:
        return torch.autograd.grad(F.cross_entropy(net(images), targets), list(net.parameters()))

    first = gradients()
    for _ in range(5):
        assert all(torch.equal(a, b) for a, b in zip(first, gradients(), strict=True))


@pytest.mark.skipif(sys.platform != "linux", reason="it is a setting of Linux's C library")
def test_freed_memory_is_kept():
    """In a process of its own, because the setting lasts as long as the process."""
    code = """
import resource, torch
from model import device
device.keep_freed_memory()
for _ in range(10):  # as steps of a training, of which the first lay out the memory
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    torch.ones(2**24)
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""
    output = subprocess.check_output([sys.executable, "-c", code], text=True, cwd=Path(device.__file__).parents[1])
    assert int(output) < 100  # 64 MiB anew are 16,384 pages
