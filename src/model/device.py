"""The device a stage computes on, and the settings under which it gives the same bytes every time."""

import contextlib
import ctypes
import os
import platform
from pathlib import Path

import torch

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3  # of glibc's malloc.h


def select_device() -> torch.device:
    """A CUDA GPU when there is one, else the CPU; `CUDA_VISIBLE_DEVICES=` hides the GPUs."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def describe_device(device: torch.device) -> str:
    """The GPU, or the CPU's model and its vector instructions, by which PyTorch chooses its code."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return f"{cpu_model()}, {torch.backends.cpu.get_cpu_capability()}"


def cpu_model() -> str:
    """Its name, and its family and model where Linux tells them: virtual machines call many different ones the same."""
    facts = {}
    with contextlib.suppress(OSError):
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").partition("\n\n")[0].splitlines()
        facts = {key.strip(): value.strip() for key, _, value in (line.partition(":") for line in lines)}
    if "model name" not in facts:
        return platform.processor() or platform.machine()
    return f"{facts['model name']} (family {facts.get('cpu family')}, model {facts.get('model')})"


def has_bfloat16(device: torch.device) -> bool:
    """Whether `device` is faster in bfloat16: a GPU since NVIDIA's Ampere, a CPU with instructions for it by oneDNN.

    Those are AMX's and AVX-512's. Other CPUs convert to float32 and back, which takes longer than float32 alone.
    """
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    capabilities = torch.cpu.get_capabilities()
    return capabilities.get("amx_bf16", False) or capabilities.get("avx512_bf16", False)


def make_deterministic() -> None:
    """Deterministic kernels, full fp32 and one CPU thread. Call it before the first tensor is made.

    The number of threads decides how sums are split, and so their last bits: the same number on every machine gives the
    same bytes. Several runs at once use several cores better than one run with several threads.
    """
    os.environ["CUBLAS_WORKSPACE_CONFIG"] = ":4096:8"  # without it cuBLAS may choose its algorithm anew each time
    torch.use_deterministic_algorithms(True)
    # A net writes memory before it reads it, so there is no need to fill it first.
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]
    torch.backends.cudnn.benchmark = False
    torch.backends.cudnn.allow_tf32 = False
    torch.backends.cuda.matmul.allow_tf32 = False
    torch.set_num_threads(1)


def keep_freed_memory() -> None:
    """Linux: memory that a step frees stays for the next one.

    Otherwise the kernel takes it back and clears it anew, page by page, at every step: Net3's gradients are 86 MB.
    Other systems and C libraries have no such file, and are left as they are.
    """
    with contextlib.suppress(OSError, AttributeError):
        libc = ctypes.CDLL("libc.so.6")
        libc.mallopt(M_MMAP_THRESHOLD, 2**25)  # the most an older glibc takes
        libc.mallopt(M_MMAP_THRESHOLD, 2**30)
        libc.mallopt(M_TRIM_THRESHOLD, 2**31 - 1)
