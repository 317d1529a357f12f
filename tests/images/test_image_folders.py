"""Your own images: packed or not, and what is refused. How one pins their checksum: test_own_images.py."""

import io
import shutil
import unicodedata
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from errors import UserError
from images import image_folders
from params import Source


def encoded(image: Image.Image, format: str = "PNG", **options: object) -> bytes:
    content = io.BytesIO()
    image.save(content, format, **options)
    return content.getvalue()


def png(value: int, size=(32, 32), mode="RGB", format="PNG") -> bytes:
    return encoded(Image.new(mode, size, (value, 0, 0) if mode == "RGB" else value), format)


FILES = {
    "train/cats/1.png": png(1),
    "train/cats/2.png": png(2),
    "train/ants/1.png": png(3),
    "test/cats/1.png": png(4),
    "test/ants/1.jpg": png(200, format="JPEG"),
}


def write(folder: Path, files: dict[str, bytes]) -> Path:
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder


def source(cats: str = "cats") -> Source:
    names = {cats: "cat", "ants": "ant"}  # label order is not the alphabet's
    return Source(format="image-folders", sha256="0" * 64, class_names=names, urls=[])


def test_images_and_labels_are_in_the_order_of_names_and_classes(tmp_path):
    splits = image_folders.read(source(), write(tmp_path, FILES))
    images, labels = splits["train"]
    assert labels.tolist() == [1, 0, 0]
    assert images[:, 0, 0, 0].tolist() == [3, 1, 2]
    assert (images.shape, images.dtype) == ((3, 32, 32, 3), np.uint8)
    assert splits["test"][1].tolist() == [1, 0]


def test_packing_and_files_beside_the_images_do_not_matter(tmp_path, capsys):
    """What the macOS Finder adds to folders and zip files is none of the images (tests of archive.py)."""
    hidden = ("train/cats/._1.png", "__MACOSX/train/cats/3.png", "train/.DS_Store", "train/.new/cats/1.png")
    beside = dict.fromkeys((*hidden, "README.md", "train/cats/notes.txt"), b"beside")
    folder = write(tmp_path / "top", {f"images/{name}": content for name, content in (FILES | beside).items()})
    for path in (folder, *(Path(shutil.make_archive(str(tmp_path / "a"), kind, folder)) for kind in ("zip", "gztar"))):
        assert image_folders.read(source(), path)["train"][1].tolist() == [1, 0, 0]
    assert capsys.readouterr().out == ""


def test_pictures_that_are_not_read_are_counted(tmp_path, capsys):
    unread = [*(f"train/cats/{i}.webp" for i in range(3)), "train/cats/more/1.png", "Test/cats/1.jpg", "test/1.tiff"]
    image_folders.read(source(), write(tmp_path, FILES | dict.fromkeys(unread, png(9))))
    (line,) = capsys.readouterr().out.splitlines()
    assert ": 6," in line


def test_a_class_folder_may_have_its_letters_composed_or_decomposed(tmp_path):
    """macOS decomposes é into e and an accent; the two names look the same."""
    composed, decomposed = (unicodedata.normalize(form, "café") for form in ("NFC", "NFD"))
    for in_folder in (composed, decomposed):
        renamed = {name.replace("cats", in_folder): content for name, content in FILES.items()}
        folder = write(tmp_path / str(len(in_folder)), renamed)
        for in_params in (composed, decomposed):
            assert image_folders.read(source(in_params), folder)["train"][1].tolist() == [1, 0, 0]


def test_an_image_is_turned_as_its_camera_says(tmp_path):
    pixels = np.arange(3072).astype(np.uint8).reshape(32, 32, 3)
    exif = Image.Exif()
    exif[0x0112] = 6  # orientation: turn clockwise to show
    files = FILES | {"test/cats/1.png": encoded(Image.fromarray(pixels), exif=exif)}
    images, labels = image_folders.read(source(), write(tmp_path, files))["test"]
    assert (images[labels == 0][0] == np.rot90(pixels, -1)).all()


def test_an_image_in_both_sets_or_in_two_classes_is_reported(tmp_path, capsys):
    as_jpeg = png(200, format="JPEG")
    copies = {"test/cats/a.png": png(1), "test/cats/b.png": png(2), "train/cats/c.jpg": as_jpeg}
    image_folders.read(source(), write(tmp_path, FILES | copies))
    both_sets, two_classes = capsys.readouterr().out.splitlines()
    assert ": 3," in both_sets
    assert "train/cats/1.png and test/cats/a.png" in both_sets
    assert ": 1," in two_classes
    assert "train/cats/c.jpg and test/ants/1.jpg" in two_classes


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"test/ants/1.jpg": None}, "test/ .* ants"),
        ({"train/bees/1.png": png(1)}, "train/ .* bees"),
        ({"train/cats/1.png": png(1, size=(32, 31))}, "train/cats/1.png is 32×31 RGB"),
        ({"train/cats/1.png": png(1, mode="L")}, "train/cats/1.png is 32×32 L"),
        ({"train/cats/1.png": png(1, format="GIF")}, "train/cats/1.png is damaged or neither PNG nor JPEG"),
        ({"train/cats/1.png": b""}, "train/cats/1.png is damaged"),
        ({"train/cats/1.png": png(1)[:60]}, "train/cats/1.png is damaged"),
        ({f"train/cats/{i}.png": b"" for i in range(3, 1237)}, "and 1,224 more"),
        ({"train/bees/1.png": png(1), "train/cats/1.png": b"", "test/cats/1.png": b""}, "bees.*train/cats.*test/cats"),
        (dict.fromkeys(FILES), "no image"),
        ({"copy/train/cats/1.png": png(9)}, "train/cats/1.png twice"),
    ],
)
def test_wrong_images_are_refused_by_name(tmp_path, change, fault):
    files = {name: content for name, content in (FILES | change).items() if content is not None}
    with pytest.raises(UserError, match=fault):
        image_folders.read(source(), write(tmp_path, files))
