"""Pictures of any size and kind, as a net takes them."""

import numpy as np
import pytest
import torch
from PIL import Image
from untrained import DESCRIPTION, net1

from foundation.errors import UserError
from images.dataset import scale
from model import pictures

RED, WHITE = (255, 0, 0), (255, 255, 255)


def noise(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)


@pytest.fixture
def read(tmp_path):
    """What `pictures.read` makes of a picture that was saved with some options."""

    def read(image: Image.Image, name: str = "picture.png", **options: object) -> np.ndarray:
        image.save(tmp_path / name, **options)
        return pictures.read(tmp_path / name)

    return read


def test_an_image_of_the_nets_own_size_keeps_its_pixels(read):
    pixels = noise(32, 32, 3)
    assert np.array_equal(read(Image.fromarray(pixels)), pixels)


@pytest.mark.parametrize("size", [(1, 1), (32, 31), (500, 40), (40, 500), (3000, 2000)])
def test_every_size_becomes_the_nets(read, size):
    pixels = read(Image.new("RGB", size, RED))
    assert pixels.shape == (32, 32, 3)
    assert (pixels == RED).all()


def test_the_middle_square_is_what_is_looked_at(read):
    wide = Image.new("RGB", (300, 100), "black")
    wide.paste(RED, (90, 0, 210, 100))  # a little more, which the filter sees
    assert (read(wide) == RED).all()


@pytest.mark.parametrize(
    ("mode", "colour", "expected"),
    [
        ("1", 1, WHITE),
        ("L", 100, (100, 100, 100)),
        ("LA", (100, 255), (100, 100, 100)),
        ("P", 0, (0, 0, 0)),
        ("I;16", 0x6400, (100, 100, 100)),
        ("RGBA", (*RED, 255), RED),
        ("RGBA", (*RED, 0), WHITE),
        ("RGBA", (*RED, 128), (255, 127, 127)),
    ],
)
def test_every_kind_of_pixel_becomes_rgb(read, mode, colour, expected):
    assert (read(Image.new(mode, (48, 48), colour)) == expected).all()


def test_a_colour_may_be_transparent(read):
    assert (read(Image.new("P", (48, 48), 0), transparency=0) == WHITE).all()


def test_a_picture_for_printing_becomes_rgb(read):
    assert abs(read(Image.new("CMYK", (48, 48), (0, 255, 255, 0)), "a.jpg").astype(int) - RED).max() < 5


@pytest.mark.parametrize("name", ["a.gif", "a.bmp", "a.webp", "a.tiff", "a.jpg"])
def test_every_kind_of_file_is_read(read, name):
    assert read(Image.new("RGB", (48, 48), RED), name).mean(axis=(0, 1)) == pytest.approx(RED, abs=2)


def test_a_picture_is_turned_as_its_camera_says(read):
    upright = Image.new("RGB", (64, 64), "black")
    upright.paste("white", (0, 0, 64, 32))
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned a quarter clockwise
    sideways = read(upright.transpose(Image.Transpose.ROTATE_90), exif=exif)
    assert np.array_equal(sideways, read(upright))


@pytest.mark.parametrize(
    ("content", "says"),
    [(b"no picture", "is no picture, or is damaged"), (b"", "is no picture, or is damaged"), (None, "does not decode")],
    ids=["text", "empty", "cut off"],
)
def test_what_is_no_picture_is_refused_by_name(tmp_path, content, says):
    path = tmp_path / "picture.png"
    Image.fromarray(noise(32, 32, 3)).save(path)
    path.write_bytes(path.read_bytes()[:500] if content is None else content)
    with pytest.raises(UserError, match=says) as error:
        pictures.read(path)
    assert str(error.value).startswith(str(path))


def test_numbers_without_a_white_are_refused(read):
    with pytest.raises(UserError, match=r"does not decode \(its numbers, mode F, do not say what white is\)"):
        read(Image.new("F", (48, 48), 0.5), "a.tiff")


def test_the_classes_with_their_probability_the_likeliest_first(tmp_path):
    pixels = noise(32, 32, 3)
    Image.fromarray(pixels).save(tmp_path / "picture.png")
    seen = pictures.classify(tmp_path / "picture.png", net1(), DESCRIPTION)

    expected = net1()(scale(torch.from_numpy(pixels)[None], 0.5, 0.5)).exp()[0].tolist()
    share = {name: value / sum(expected) for name, value in zip(DESCRIPTION.class_names, expected, strict=True)}
    assert seen == pytest.approx(share)
    assert list(seen.values()) == sorted(seen.values(), reverse=True)
    assert sum(seen.values()) == pytest.approx(1)
