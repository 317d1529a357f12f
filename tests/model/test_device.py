import subprocess
import sys
from pathlib import Path

import pytest
import torch

from foundation.errors import UserError
from model import device


def test_a_device_that_is_not_here_is_one_line():
    with pytest.raises(UserError, match="device nonsense cannot be used: ") as error:
        device.select_device("nonsense")
    assert "\n" not in str(error.value)


def test_a_gpu_when_there_is_one():
    assert device.select_device().type == ("cuda" if torch.cuda.is_available() else "cpu")
    assert device.select_device("cpu") == torch.device("cpu")


def test_threads_and_onednn_are_as_asked_for_and_kernels_are_deterministic():
    device.make_deterministic(threads=3, onednn=False)
    assert torch.get_num_threads() == 3
    assert not torch.backends.mkldnn.enabled
    device.make_deterministic(threads=1)
    assert torch.backends.mkldnn.enabled
    assert torch.are_deterministic_algorithms_enabled()
    assert not torch.backends.cudnn.allow_tf32


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
