"""Net2: three convolutions of 128 channels and three linear layers (DLStudio's `ExperimentsWithCIFAR.Net2`)."""

import torch
import torch.nn as nn
import torch.nn.functional as F


class Net(nn.Module):
    """Images (N, 3, 32, 32) to logits (N, `num_classes`). 1,468,036 parameters with ten classes."""

    def __init__(self, num_classes: int):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 128, kernel_size=5, padding=2)
        self.conv2 = nn.Conv2d(128, 128, kernel_size=3, padding=1)
        self.conv3 = nn.Conv2d(128, 128, kernel_size=2, padding=1)
        self.fc1 = nn.Linear(128 * 8 * 8, 150)
        self.fc2 = nn.Linear(150, 100)
        self.fc3 = nn.Linear(100, num_classes)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = F.max_pool2d(F.relu(self.conv1(x)), 2)  # 128×16×16
        x = F.max_pool2d(F.relu(self.conv2(x)), 2)  # 128×8×8
        x = F.max_pool2d(F.relu(self.conv3(x)), 2, stride=1)  # 128×9×9, then 128×8×8
        x = x.flatten(1)
        x = F.relu(self.fc1(x))
        x = F.relu(self.fc2(x))
        return self.fc3(x)
