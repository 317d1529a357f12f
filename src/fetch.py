"""Get the images that `data.source` names into `data/`.

reads   params.yaml: data
writes  data/train.npz       uint8 images (N, 32, 32, 3), uint8 labels (N,), class names
        data/test.npz        the same of the test images, which nets are evaluated on
        data/validation.npz  in place of data/test.npz, with `evaluate_on: validation`: held out of the training images
        data/dataset.json    what they are: source, sha256, counts
run     python src/fetch.py  CIFAR10_ARCHIVE=FILE_OR_FOLDER: use this copy, download nothing
"""

import hashlib
import importlib
import os
from pathlib import Path

from stage import stage

import numpy as np

import dataset
from command_line import read_arguments
from errors import UserError
from files import write_json
from images import Splits, download
from params import Source, load_params


def main() -> None:
    read_arguments(__doc__)
    with stage("fetch") as inputs:
        data = load_params().data
        source = data.sources[data.source]
        class_names = list(source.class_names.values())
        arrays = read(data.source, source)
        if data.evaluate_on == "validation":
            arrays = hold_out(*arrays["train"], class_names, data.validation_per_class)
        fetched = dataset.Dataset(
            source=data.source,
            content=source.sha256,
            train_images=len(arrays["train"][1]),
            evaluated_on=data.evaluate_on,
            evaluated_images=len(arrays[data.evaluate_on][1]),
        )
        splits = {name: dataset.Split(*arrays[name], class_names, fetched) for name in ("train", data.evaluate_on)}

        inputs.check_unchanged()
        for name, split in splits.items():
            dataset.save(f"data/{name}.npz", split)
        for name in {"test", "validation"} - splits.keys():  # images of an earlier `evaluate_on`
            Path(f"data/{name}.npz").unlink(missing_ok=True)
        write_json("data/dataset.json", fetched.model_dump())
    print(f"{data.source}: {fetched.train_images:,} training, {fetched.evaluated_images:,} {data.evaluate_on} images")


def read(name: str, source: Source) -> Splits:
    """The images of the source `name`, from the copy that CIFAR10_ARCHIVE names if it is set."""
    reader = importlib.import_module(f"images.{source.format.replace('-', '_')}")  # some take seconds to import

    def read_from(path: Path) -> Splits:
        return pinned(str(path), reader.read(source, path), source)

    if source.format == "sklearn-digits":
        return pinned(name, reader.read(), source)
    if copy := os.environ.get("CIFAR10_ARCHIVE"):
        path = Path(os.path.expanduser(copy))  # Path.expanduser fails where there is no home
        if not (path.is_file() or path.is_dir()):  # a pipe would be waited for without end
            hint = "an absolute path also works in a queued or temporary experiment, which runs in another folder"
            raise UserError(f"CIFAR10_ARCHIVE: {path.absolute()} is no file and no folder; {hint}")
        return read_from(path)
    return download.find(name, source.urls, read_from)


def pinned(where: str, splits: Splits, source: Source) -> Splits:
    """`splits` from `where`; raises `UserError` unless images and labels have the sha256 that params.yaml gives."""
    digest = hashlib.sha256()
    for array in (*splits["train"], *splits["test"]):
        digest.update(array.tobytes())
    if (found := digest.hexdigest()) != source.sha256:
        is_own = source.format == "image-folders"
        hint = ": if these are the images you mean, put the second into params.yaml" if is_own else ""
        raise UserError(f"{where}: expected images and labels of sha256 {source.sha256}, found {found}{hint}")
    return splits


def hold_out(images: np.ndarray, labels: np.ndarray, class_names: list[str], per_class: int) -> Splits:
    """`{"train": (images, labels), "validation": (images, labels)}` with `per_class` validation images of each class.

    The validation images are evenly spread over each class in the source's order. A source may be ordered by writer or
    by time; then both parts have images of each. There is no random choice, so every machine makes the same one.
    Raises `UserError` where a class would have no image left to train on.
    """
    counts = np.bincount(labels, minlength=len(class_names))
    fewest = int(counts.min())
    if per_class >= fewest:
        raise UserError(
            f"params.yaml: data.validation_per_class = {per_class}: there are {fewest} training images of "
            f"{class_names[counts.argmin()]}, so at most {fewest - 1} of each class can be held out"
        )
    is_held_out = np.zeros(len(labels), dtype=bool)
    for label in range(len(class_names)):
        members = np.flatnonzero(labels == label)
        is_held_out[members[np.arange(per_class) * len(members) // per_class]] = True
    return {
        "train": (images[~is_held_out], labels[~is_held_out]),
        "validation": (images[is_held_out], labels[is_held_out]),
    }


if __name__ == "__main__":
    main()
