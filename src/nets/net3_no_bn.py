"""Net3 without its batch normalisation: the study's ablation. Nothing else is different."""

import torch
import torch.nn as nn
import torch.nn.functional as F


def block(in_channels: int, out_channels: int, pool: bool = False) -> nn.Sequential:
    """Convolution and ReLU; `pool` halves the map."""
    layers = [
        nn.Conv2d(in_channels, out_channels, kernel_size=3, padding=1),
        nn.ReLU(),
    ]
    return nn.Sequential(*layers, nn.MaxPool2d(2)) if pool else nn.Sequential(*layers)


class Net(nn.Module):
    """Images (N, 3, 32, 32) to logits (N, `num_classes`). 21,448,906 parameters with ten classes."""

    def __init__(self, num_classes: int):
        super().__init__()
        self.conv_block1 = block(3, 32)
        self.conv_block2 = block(32, 64)
        self.conv_block3 = block(64, 128, pool=True)  # 128×16×16
        self.conv_block4 = block(128, 128)
        self.conv_block5 = block(128, 256)
        self.conv_block6 = block(256, 256, pool=True)  # 256×8×8
        self.conv_block7 = block(256, 512)
        self.conv_block8 = block(512, 512)
        self.fc1 = nn.Linear(512 * 8 * 8, 512)
        self.fc2 = nn.Linear(512, num_classes)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        # As in Net3, so that the two are computed alike.
        x = x.contiguous()
        x = self.conv_block1(x)
        x = self.conv_block2(x)
        x = self.conv_block3(x)
        x = self.conv_block4(x)
        x = self.conv_block5(x)
        x = self.conv_block6(x)
        x = self.conv_block7(x)
        x = self.conv_block8(x)
        x = x.flatten(1)
        x = F.relu(self.fc1(x))
        return self.fc2(x)
