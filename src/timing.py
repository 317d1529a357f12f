"""How long a training run took, and in how much memory. No stage reads it."""

import platform
import resource
import sys

import torch


def timing(seconds: float, steps: int, device: torch.device) -> dict[str, float | str]:
    """`metrics/timing/NET/RECIPE/SEED.json` of a run of `steps` steps that took `seconds`."""
    peak_bytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    result: dict[str, float | str] = {
        "seconds": round(seconds, 2),
        "steps_per_second": round(steps / seconds, 1),
        "peak_memory_mb": round(peak_bytes / 2**20),
        "python": platform.python_version(),
    }
    if device.type == "cuda":
        result["peak_gpu_memory_mb"] = round(torch.cuda.max_memory_allocated(device) / 2**20)
        result["cuda"] = torch.version.cuda or ""
    return result
