"""What a net says of images."""

import torch
import torch.nn as nn

from images.dataset import Split, scale
from results.trained import Normalisation

BATCH_SIZE = 250


@torch.inference_mode()
def predict(
    net: nn.Module, split: Split, normalisation: Normalisation, device: torch.device
) -> tuple[torch.Tensor, torch.Tensor]:
    """Logits (N, classes) float32 and targets (N,) int64 of all images, on the CPU. The net is on `device`."""
    images, targets = split.tensors(device)
    logits = [net(scale(batch, normalisation.mean, normalisation.std)) for batch in images.split(BATCH_SIZE)]
    return torch.cat(logits).cpu(), targets.cpu()
