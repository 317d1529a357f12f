import numpy as np

from images import sklearn_digits


def test_all_1797_digits_are_in_two_stratified_splits_without_a_common_image():
    splits = sklearn_digits.read()
    counts = {name: np.bincount(labels) for name, (_, labels) in splits.items()}
    assert (counts["train"] + counts["test"]).sum() == 1797
    assert (counts["test"] == np.ceil((counts["train"] + counts["test"]) / sklearn_digits.TEST_EVERY)).all()
    train, test = ({image.tobytes() for image in images} for images, _ in splits.values())
    assert not train & test


def test_images_are_grey_rgb_over_the_whole_range():
    images, _ = sklearn_digits.read()["train"]
    assert (images.shape[1:], images.dtype) == ((32, 32, 3), np.uint8)
    assert (images.min(), images.max()) == (0, 255)
    assert (images == images[..., :1]).all()
    assert (images[:, ::4, ::4] == images[:, 3::4, 3::4]).all()  # each of the 8×8 pixels became a 4×4 square
