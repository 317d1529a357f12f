"""How large a net is, and what it costs to use."""

import torch
import torch.nn as nn
from torch.utils.flop_counter import FlopCounterMode

from dataset import IMAGE_SHAPE


def count_layers(net: nn.Module) -> int:
    """Layers with weights: convolutions and linear layers."""
    return sum(isinstance(module, nn.Conv2d | nn.Linear) for module in net.modules())


def count_parameters(net: nn.Module) -> int:
    return sum(parameter.numel() for parameter in net.parameters())


def multiply_adds(net: nn.Module) -> int:
    """Multiply-adds of the convolutions and linear layers for one image; PyTorch counts each as two operations."""
    height, width, channels = IMAGE_SHAPE
    with FlopCounterMode(display=False) as counter, torch.inference_mode():
        net(torch.zeros(1, channels, height, width))
    return counter.get_total_flops() // 2
