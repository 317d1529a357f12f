import numpy as np
import pytest

from foundation.errors import UserError
from images import digits
from params import load_params

SOURCE = load_params().data.sources["digits"]


def test_all_1797_digits_in_two_stratified_splits():
    splits = digits.read(SOURCE)
    counts = {name: np.bincount(labels) for name, (_, labels) in splits.items()}
    assert counts["train"].sum() + counts["test"].sum() == 1797
    assert (counts["test"] == np.ceil((counts["train"] + counts["test"]) / digits.TEST_EVERY)).all()


def test_images_are_32_by_32_rgb_over_the_whole_range():
    images, _ = digits.read(SOURCE)["train"]
    assert images.shape[1:] == (32, 32, 3)
    assert images.dtype == np.uint8
    assert images.min() == 0
    assert images.max() == 255
    assert (images[..., 0] == images[..., 1]).all()
    assert (images[..., 0] == images[..., 2]).all()
    assert (images[:, ::4, ::4] == images[:, 3::4, 3::4]).all()  # each of the 8×8 pixels became a 4×4 square


def test_no_image_is_in_both_splits():
    splits = digits.read(SOURCE)
    train, test = ({image.tobytes() for image in images} for images, _ in (splits["train"], splits["test"]))
    assert not train & test


def test_other_digits_than_the_pinned_ones_are_refused():
    with pytest.raises(UserError, match=f"expected sha256 {'0' * 64}, found {SOURCE.sha256}"):
        digits.read(SOURCE.model_copy(update={"sha256": "0" * 64}))
