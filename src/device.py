"""The device a stage computes on, and the settings under which it gives the same bytes every time."""

import os

import torch

from errors import UserError


def select(name: str | None = None) -> torch.device:
    """The device `name`, or a CUDA GPU when there is one, else the CPU; raises `UserError` for one that is not here."""
    if name is None:
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
        torch.empty(1, device=device)
    except Exception as error:
        raise UserError(f"device {name} cannot be used: {str(error).splitlines()[0]}") from None
    return device


def make_deterministic(threads: int) -> None:
    """Deterministic kernels, full fp32, and `threads` CPU threads. Call it before the first tensor is made.

    The number of threads splits sums differently and so changes their last bits: it is never taken from the machine.
    """
    # Linux: large tensors in huge pages; 1.2 times as fast for Net3, whose 67 MB gradient is made anew each step.
    os.environ.setdefault("THP_MEM_ALLOC_ENABLE", "1")
    os.environ["CUBLAS_WORKSPACE_CONFIG"] = ":4096:8"  # without it cuBLAS may choose its algorithm anew each time
    torch.use_deterministic_algorithms(True)
    torch.backends.cudnn.benchmark = False
    torch.backends.cudnn.allow_tf32 = False
    torch.backends.cuda.matmul.allow_tf32 = False
    torch.set_num_threads(threads)
