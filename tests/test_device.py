import pytest
import torch

import device
from errors import UserError


def test_a_device_that_is_not_here_is_one_line():
    with pytest.raises(UserError, match="device nonsense cannot be used: ") as error:
        device.select("nonsense")
    assert "\n" not in str(error.value)


def test_a_gpu_when_there_is_one():
    assert device.select().type == ("cuda" if torch.cuda.is_available() else "cpu")
    assert device.select("cpu") == torch.device("cpu")


def test_the_thread_count_is_the_one_asked_for_and_kernels_are_deterministic():
    device.make_deterministic(threads=3)
    assert torch.get_num_threads() == 3
    assert torch.are_deterministic_algorithms_enabled()
    assert not torch.backends.cudnn.allow_tf32
