"""Own images: packed or not, pinned by content, and what is refused."""

import io
import shutil
import struct
import tarfile
import zlib
from pathlib import Path

import numpy as np
import pytest
from pictures import png

from foundation.errors import UserError
from images import image_folders
from params import ImageFolders

CLASSES = {"cats": "cat", "ants": "ant"}  # label order is not the alphabet's


def bomb(width: int, height: int, *chunks: tuple[bytes, bytes]) -> bytes:
    """A PNG of black pixels whose header claims any size, with further chunks."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    pixels = zlib.compress(bytes(97 * 32))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in [(b"IHDR", header), *chunks, (b"IDAT", pixels), (b"IEND", b"")]
    )


def files() -> dict[str, bytes]:
    return {
        "train/cats/1.png": png(1),
        "train/cats/2.png": png(2),
        "train/ants/1.png": png(3),
        "test/cats/1.png": png(4),
        "test/ants/1.jpg": png(200, format="JPEG"),
    }


def write_folder(folder, contents):
    for name, content in contents.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder


def source_of(contents: dict[str, bytes]) -> ImageFolders:
    return ImageFolders(
        format="image-folders",
        sha256=image_folders.checksum(contents),
        lossless=True,
        class_names=CLASSES,
        urls=[],
    )


def read(path, source):
    return image_folders.decode(image_folders.pinned_files(path, source), source)


def test_images_and_labels_in_the_order_of_names_and_classes(tmp_path):
    folder, source = write_folder(tmp_path, files()), source_of(files())
    splits = read(folder, source)
    images, labels = splits["train"]
    assert labels.tolist() == [1, 0, 0]
    assert images[:, 0, 0, 0].tolist() == [3, 1, 2]
    assert images.shape == (3, 32, 32, 3)
    assert images.dtype == np.uint8
    assert splits["test"][1].tolist() == [1, 0]


def test_the_checksum_is_of_the_images_not_of_the_packing(tmp_path):
    """A repacked tarball with one leading folder more and a README is the same source."""
    packed = tmp_path / "packed.tar.gz"
    with tarfile.open(packed, "w:gz") as tar:
        for name, content in {"README.md": b"hello", **dict(reversed(files().items()))}.items():
            member = tarfile.TarInfo(f"images-1234/{name}")
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    assert read(packed, source_of(files()))["train"][1].tolist() == [1, 0, 0]


@pytest.mark.parametrize("packed", [True, False])
def test_images_exchanged_once_they_were_checked_are_not_read(tmp_path, packed):
    folder, source = write_folder(tmp_path / "images", files()), source_of(files())
    path = Path(shutil.make_archive(str(tmp_path / "packed"), "tar", folder)) if packed else folder
    pinned = image_folders.pinned_files(path, source)
    write_folder(folder, dict.fromkeys(files(), png(99)))
    if packed:
        shutil.make_archive(str(tmp_path / "packed"), "tar", folder)
    assert image_folders.decode(pinned, source)["train"][0][:, 0, 0, 0].tolist() == [3, 1, 2]


def test_other_images_than_the_pinned_ones_are_refused(tmp_path):
    changed = files() | {"train/cats/1.png": png(9)}
    with pytest.raises(UserError) as error:
        image_folders.pinned_files(write_folder(tmp_path, changed), source_of(files()))
    expected, found = image_folders.checksum(files()), image_folders.checksum(changed)
    assert str(error.value) == f"{tmp_path}: expected images of sha256 {expected}, found {found}"


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"test/ants/1.jpg": None}, "test/ holds no image of ants"),
        ({"test/ants/1.jpg": None, "test/cats/1.png": None}, "test/ holds no image of ants, cats"),
        ({"train/bees/1.png": png(1)}, "train/ holds images of bees, which params.yaml does not name"),
        ({f"train/{i}/1.png": png(1) for i in range(12)}, "images of 0, 1, 10, 11, 2, 3, 4, 5, 6, 7 and 2 more, which"),
        ({"train/cats/1.png": png(1, size=(32, 31))}, "train/cats/1.png is 32×31 RGB, expected 32×32 RGB"),
        ({"train/cats/1.png": png(1, mode="L")}, "train/cats/1.png is 32×32 L, expected 32×32 RGB"),
        ({"train/cats/1.png": png(1, mode="RGBA")}, "train/cats/1.png is 32×32 RGBA, expected 32×32 RGB"),
        ({"train/cats/1.png": png(1, format="GIF")}, "train/cats/1.png is neither PNG nor JPEG, or is damaged"),
        ({"train/cats/1.png": b"no image"}, "train/cats/1.png is neither PNG nor JPEG, or is damaged"),
        ({"train/cats/1.png": b""}, "train/cats/1.png is neither PNG nor JPEG, or is damaged"),
        ({"train/cats/1.png": bomb(8000, 8000)}, "train/cats/1.png is 8000×8000 RGB, expected 32×32 RGB"),
        ({"train/cats/1.png": bomb(10_000, 10_000)}, "train/cats/1.png does not decode .*decompression bomb"),
        ({"train/cats/1.png": bomb(30_000, 30_000)}, "train/cats/1.png does not decode .*decompression bomb"),
        ({"train/cats/1.png": bomb(32, 32, (b"zTXt", b"k\0\0" + zlib.compress(bytes(10**8))))}, "does not decode"),
        ({"train/cats/1.png": bomb(32, 32, (b"iCCP", b"k\0\0" + zlib.compress(bytes(10**8))))}, "does not decode"),
        ({"train/cats/1.png": png(1)[:60]}, "train/cats/1.png does not decode"),
    ],
)
def test_wrong_images_are_refused_by_name(change, says):
    contents = {name: content for name, content in (files() | change).items() if content is not None}
    with pytest.raises(UserError, match=says) as error:
        image_folders.decode(contents, source_of(contents))
    assert str(error.value).isprintable()


def test_all_that_is_wrong_is_said_at_once_and_before_the_checksum(tmp_path):
    contents = {name: content for name, content in files().items() if name != "test/ants/1.jpg"} | {
        "train/cats/1.png": png(1, size=(48, 48)),
        "train/bees/1.png": png(1, size=(48, 48)),
        "test/cats/1.png": b"no image",
    }
    with pytest.raises(UserError) as error:
        image_folders.pinned_files(write_folder(tmp_path, contents), source_of(files()))
    assert str(error.value).removeprefix(f"{tmp_path}: ").split("; ") == [
        "train/ holds images of bees, which params.yaml does not name",
        "train/cats/1.png is 48×48 RGB, expected 32×32 RGB",
        "test/ holds no image of ants",
        "test/cats/1.png is neither PNG nor JPEG, or is damaged",
    ]


def test_of_many_faults_the_first_are_shown(tmp_path):
    contents = files() | {f"train/cats/{i:04}.png": png(1, size=(48, 48)) for i in range(1234)}
    with pytest.raises(UserError, match=r"0009.png is 48×48 RGB, expected 32×32 RGB and 1,224 more$"):
        image_folders.decode(contents, source_of(contents))


def test_a_file_beside_the_images_does_not_count(tmp_path):
    contents = files() | {
        "Train/cats/1.png": png(1),
        "valid/cats/1.png": png(1),
        "train/1.png": png(1),
        "train/cats/1.bmp": b"BM",
    }
    image_folders.pinned_files(write_folder(tmp_path, contents), source_of(files()))


def test_an_image_twice_in_one_archive_is_refused(tmp_path):
    contents = files() | {"copy/train/cats/1.png": png(9)}
    with pytest.raises(UserError, match=r"holds train/cats/1.png twice"):
        image_folders.pinned_files(write_folder(tmp_path, contents), source_of(files()))


def test_a_folder_without_images_is_refused(tmp_path):
    (tmp_path / "train").mkdir()
    with pytest.raises(UserError, match=r"holds no image named train/<class>/\*.png"):
        image_folders.pinned_files(tmp_path, source_of(files()))
