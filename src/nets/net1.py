"""Net1: two small convolutions and three linear layers (DLStudio's `ExperimentsWithCIFAR.Net`)."""

import torch
import torch.nn as nn
import torch.nn.functional as F


class Net(nn.Module):
    """Images (N, 3, 32, 32) to logits (N, `num_classes`). 62,006 parameters with ten classes."""

    def __init__(self, num_classes: int):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 6, kernel_size=5)
        self.conv2 = nn.Conv2d(6, 16, kernel_size=5)
        self.fc1 = nn.Linear(16 * 5 * 5, 120)
        self.fc2 = nn.Linear(120, 84)
        self.fc3 = nn.Linear(84, num_classes)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = F.max_pool2d(F.relu(self.conv1(x)), 2)  # 6×14×14
        x = F.max_pool2d(F.relu(self.conv2(x)), 2)  # 16×5×5
        x = x.flatten(1)
        x = F.relu(self.fc1(x))
        x = F.relu(self.fc2(x))
        return self.fc3(x)
