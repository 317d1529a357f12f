"""Pictures of any size and kind, as a net takes them."""

import os
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from untrained import DESCRIPTION, untrained_net

import pictures
from dataset import scale
from errors import UserError

RED, WHITE = (255, 0, 0), (255, 255, 255)
NOISE = np.random.default_rng(0).integers(0, 256, (32, 32, 3), dtype=np.uint8)


@pytest.fixture
def read(tmp_path):
    """What `pictures.read` makes of a picture that was saved with these options."""

    def read(image: Image.Image, **options: object) -> np.ndarray:
        image.save(tmp_path / "picture.png", **options)
        return pictures.read(tmp_path / "picture.png")

    return read


def test_the_middle_square_is_taken(read):
    wide = Image.new("RGB", (300, 100), "black")
    wide.paste(RED, (90, 0, 210, 100))  # a little more than the square, because the filter sees it
    assert (read(wide) == RED).all()
    assert (read(Image.new("RGB", (1, 500), RED)) == RED).all()


@pytest.mark.parametrize(
    ("mode", "colour", "expected"),
    [
        ("1", 1, WHITE),
        ("L", 100, (100, 100, 100)),
        ("P", 0, (0, 0, 0)),
        ("I;16", 0x6400, (100, 100, 100)),
        ("RGBA", (*RED, 0), WHITE),
        ("RGBA", (*RED, 128), (255, 127, 127)),
    ],
)
def test_every_kind_of_pixel_becomes_rgb(read, mode, colour, expected):
    assert (read(Image.new(mode, (48, 48), colour)) == expected).all()


def test_a_picture_is_turned_as_its_camera_says(read):
    upright = Image.new("RGB", (64, 64), "black")
    upright.paste("white", (0, 0, 64, 32))
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned a quarter clockwise
    assert np.array_equal(read(upright.transpose(Image.Transpose.ROTATE_90), exif=exif), read(upright))


def cut_off(path: Path) -> None:
    Image.fromarray(NOISE).save(path)
    path.write_bytes(path.read_bytes()[:500])


@pytest.mark.parametrize(
    ("write", "says"),
    [
        (lambda path: path.write_bytes(b"no picture"), "no picture"),
        (cut_off, "damaged"),
        (lambda path: Image.new("RGB", (48, 48), RED).save(path, "EPS"), "no picture"),
        (lambda path: Image.new("1", (13_000, 13_000)).save(path, "PNG"), "13000×13000"),
        (lambda path: Image.new("F", (48, 48), 0.5).save(path, "TIFF"), "mode F"),
        (os.mkfifo, "is no file"),
    ],
    ids=["text", "cut off", "EPS", "too large", "numbers without a white", "a pipe"],
)
def test_what_is_no_picture_is_refused_by_name(tmp_path, write, says):
    path = tmp_path / "holi\x1b[31mday.jpg"
    write(path)
    with pytest.raises(UserError, match=says) as error:
        pictures.read(path)
    assert "holi?[31mday.jpg" in str(error.value)
    assert str(error.value).isprintable()


def test_the_classes_with_their_probability_the_likeliest_first(tmp_path):
    Image.fromarray(NOISE).save(tmp_path / "picture.png")
    found = pictures.classify(tmp_path / "picture.png", untrained_net(), DESCRIPTION)
    expected = untrained_net()(scale(torch.from_numpy(NOISE)[None], 0.5, 0.5)).exp()[0].tolist()
    share = {name: value / sum(expected) for name, value in zip(DESCRIPTION.class_names, expected, strict=True)}
    assert found == pytest.approx(share)
    assert list(found.values()) == sorted(found.values(), reverse=True)
