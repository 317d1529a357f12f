"""Get the images that `data.source` names into `data/`.

reads   params.yaml: data.source and its entry in data.sources
writes  data/train.npz, data/test.npz   uint8 images (N, 32, 32, 3), uint8 labels (N,), class names
        data/dataset.json               what they are: source, content hash, lossless or not, counts
run     python src/fetch.py             CIFAR10_ARCHIVE=FILE_OR_FOLDER: use this copy, download nothing
"""

import foundation.start  # noqa: F401, I001  before all else, as it says there
from pathlib import Path

import numpy as np

from foundation import lock
from foundation.atomic import write_json
from foundation.errors import UserError, one_line_errors
from foundation.inputs import Inputs
from images import dataset, download
from params import Cifar10Python, Digits, Source, load_params

LOCK = Path(".cache/fetch.lock")


def main() -> None:
    inputs = Inputs()
    name, source = inputs.value("params.yaml", parameters)
    with lock.held(LOCK, "fetching images"):
        arrays = read(name, source)
        fetched = dataset.Dataset(
            source=name,
            content=f"md5:{source.md5}" if isinstance(source, Cifar10Python) else f"sha256:{source.sha256}",
            lossless=source.lossless,
            train_images=len(arrays["train"][1]),
            test_images=len(arrays["test"][1]),
        )
        class_names = list(source.class_names.values())
        splits = {key: dataset.Split(*arrays[key], class_names, fetched) for key in ("train", "test")}
        for split_name, split in splits.items():
            check_classes(split_name, split)

        inputs.check_unchanged()
        for split_name, split in splits.items():
            dataset.save(f"data/{split_name}.npz", split)
        write_json("data/dataset.json", fetched.model_dump())
    print(f"{name}: {fetched.train_images:,} training and {fetched.test_images:,} test images")


def parameters() -> tuple[str, Source]:
    """The name of the chosen source, and its entry."""
    data = load_params().data
    return data.source, data.sources[data.source]


def read(name: str, source: Source) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """`{"train": (images, labels), "test": …}` of the source `name`, from the pinned bytes."""
    # The reader that is wanted is imported and no other: torchvision takes seconds.
    if isinstance(source, Digits):
        from images import digits

        return digits.read(source)
    if isinstance(source, Cifar10Python):
        from images import cifar10_python as reader
    else:
        from images import image_folders as reader
    size = source.bytes if isinstance(source, Cifar10Python) else None
    files = download.find(name, source.urls, lambda path: reader.pinned_files(path, source), size)
    try:
        return reader.decode(files, source)
    except UserError as error:
        raise UserError(f"{name}: {error}") from None


def check_classes(name: str, split: dataset.Split) -> None:
    """Raise `UserError` unless there are images of every class."""
    counts = np.bincount(split.labels, minlength=len(split.class_names))
    if not counts.all():
        raise UserError(f"{name} images: expected some of each of {split.class_names}, found counts {counts.tolist()}")


if __name__ == "__main__":
    with one_line_errors():
        main()
