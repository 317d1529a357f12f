import numpy as np
import pytest

from errors import UserError
from images.hold_out import hold_out


def positions(labels: list[int], per_class: int) -> tuple[list[int], list[int]]:
    """Those of the validation images and of the training images; each image here is its own position."""
    parts = hold_out(np.arange(len(labels)), np.array(labels, dtype=np.uint8), ["ant", "bee"], per_class)
    for images, part_labels in parts.values():
        assert part_labels.tolist() == [labels[i] for i in images]
    return parts["validation"][0].tolist(), parts["train"][0].tolist()


def test_validation_images_are_evenly_spread_over_each_class_in_the_order_of_the_source():
    assert positions([0] * 10 + [1] * 4, 2) == ([0, 5, 10, 12], [1, 2, 3, 4, 6, 7, 8, 9, 11, 13])
    assert positions([0, 1] * 4, 2) == ([0, 1, 4, 5], [2, 3, 6, 7])


def test_each_class_keeps_an_image_to_train_on():
    positions([0] * 5 + [1] * 3, 2)
    with pytest.raises(UserError, match=r"validation_per_class = 3: .* 3 training images of bee, so at most 2"):
        positions([0] * 5 + [1] * 3, 3)
