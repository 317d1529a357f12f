import hashlib

import numpy as np
import pytest

from foundation.errors import UserError
from images import digits
from images.hold_out import hold_out
from params import load_params

NAMES = ["ant", "bee"]


def held_out(labels: list[int], per_class: int) -> tuple[list[int], list[int]]:
    """The positions of the images that are held out, and of those that are left."""
    positions = np.arange(len(labels))
    parts = hold_out(positions, np.array(labels, dtype=np.uint8), NAMES, per_class)
    for part_positions, part_labels in parts.values():
        assert part_labels.tolist() == [labels[i] for i in part_positions]
    return parts["validation"][0].tolist(), parts["train"][0].tolist()


def test_they_are_evenly_spread_over_each_class_in_the_order_of_the_source():
    assert held_out([0] * 10 + [1] * 4, 2) == ([0, 5, 10, 12], [1, 2, 3, 4, 6, 7, 8, 9, 11, 13])
    assert held_out([0, 1] * 4, 2) == ([0, 1, 4, 5], [2, 3, 6, 7])
    assert held_out([1, 1, 0, 0, 0], 1) == ([0, 2], [1, 3, 4])


@pytest.mark.parametrize("per_class", range(1, 7))
def test_as_many_of_each_class_however_uneven_the_classes_are(per_class):
    labels = [0] * 7 + [1] * 23
    positions, left = held_out(labels, per_class)
    assert np.bincount([labels[i] for i in positions]).tolist() == [per_class] * 2
    assert sorted(positions + left) == list(range(30))


@pytest.mark.parametrize(("per_class", "at_most"), [(3, 2), (4, 2), (1000, 2)])
def test_some_of_each_class_must_be_left_to_train_on(per_class, at_most):
    says = f"data.held_out.validation = {per_class}: there are 3 training images of bee, so at most {at_most} of each"
    with pytest.raises(UserError, match=says):
        held_out([0] * 5 + [1] * 3, per_class)
    held_out([0] * 5 + [1] * 3, at_most)


def test_of_the_digits_they_are_the_same_on_every_machine():
    _, labels = digits.read(load_params().data.sources["digits"])["train"]
    classes = [str(digit) for digit in range(10)]
    positions, _ = hold_out(np.arange(len(labels), dtype="<i8"), labels, classes, 30)["validation"]
    assert positions[:15].tolist() == [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 34, 36, 40, 43, 44]
    found = hashlib.sha256(positions.tobytes()).hexdigest()
    assert found == "cce730adeb409347dfd6ebeb9ebb26595462edb13dcd411561f7c4bb4f988650"
