"""Get the images that `data.source` names into `data/`.

reads   params.yaml: data.source and its entry in data.sources, data.evaluate_on and its entry in data.held_out
writes  data/train.npz       uint8 images (N, 32, 32, 3), uint8 labels (N,), class names
        data/test.npz        the same of the test images, which nets are evaluated on
        data/validation.npz  in place of data/test.npz, with `evaluate_on: validation`: held out of the training images
        data/dataset.json    what they are: source, content hash, lossless or not, counts
run     python src/fetch.py  CIFAR10_ARCHIVE=FILE_OR_FOLDER: use this copy, download nothing
"""

import foundation.start  # noqa: F401, I001  before all else, as it says there
import argparse
from pathlib import Path

import numpy as np

from foundation.atomic import write_json
from foundation.errors import UserError, one_line_errors
from foundation.inputs import Inputs
from foundation.lock import held
from images import dataset, download
from images.hold_out import hold_out
from params import Cifar10Python, Digits, Source, load_params

LOCK = Path(".cache/fetch.lock")


def main() -> None:
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    inputs = Inputs()
    name, source, per_class = inputs.value("params.yaml", chosen)
    class_names = list(source.class_names.values())
    with held(LOCK, "fetching images"):
        arrays = read(name, source)
        for kind, (_, labels) in arrays.items():
            check_classes(kind, labels, class_names)
        if per_class:
            arrays = hold_out(*arrays["train"], class_names, per_class)
        fetched = dataset.Dataset(
            source=name,
            content=f"md5:{source.md5}" if isinstance(source, Cifar10Python) else f"sha256:{source.sha256}",
            lossless=source.lossless,
            **{f"{kind}_images": len(labels) for kind, (_, labels) in arrays.items()},
        )
        splits = {kind: dataset.Split(*some, class_names, fetched) for kind, some in arrays.items()}

        inputs.check_unchanged()
        for kind, split in splits.items():
            dataset.save(f"data/{kind}.npz", split)
        for kind in {"test", "validation"} - splits.keys():  # what is not evaluated on is not at hand either
            Path(f"data/{kind}.npz").unlink(missing_ok=True)
        write_json("data/dataset.json", fetched.model_dump())
    print(f"{name}: {fetched.train_images:,} training and {fetched.evaluated_images:,} {fetched.evaluated_on} images")


def chosen() -> tuple[str, Source, int]:
    """The name of the chosen source, its entry, and how many training images of each class are held out."""
    data = load_params().data
    return data.source, data.sources[data.source], getattr(data.held_out, data.evaluate_on)


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


def check_classes(name: str, labels: np.ndarray, class_names: list[str]) -> None:
    """Raise `UserError` unless there are images of every class."""
    counts = np.bincount(labels, minlength=len(class_names))
    if not counts.all():
        raise UserError(f"{name} images: expected some of each of {class_names}, found counts {counts.tolist()}")


if __name__ == "__main__":
    with one_line_errors():
        main()
