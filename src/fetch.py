"""Get the images that `data.source` names into `data/`.

reads   params.yaml: data.source and its entry in data.sources
writes  data/train.npz, data/test.npz   uint8 images (N, 32, 32, 3), uint8 labels (N,), class names
        data/dataset.json               what they are: source, content hash, lossless or not, counts
run     python src/fetch.py             CIFAR10_ARCHIVE=FILE_OR_FOLDER: use this copy, download nothing
"""

import numpy as np

from foundation.atomic import write_json
from foundation.errors import UserError, one_line_errors
from images import dataset, download
from params import Cifar10Python, Digits, load_params


def main() -> None:
    data = load_params().data
    source = data.sources[data.source]
    # The reader that is wanted is imported and no other: torchvision takes seconds.
    if isinstance(source, Digits):
        from images import digits

        splits = digits.read(source)
    else:
        if isinstance(source, Cifar10Python):
            from images import cifar10_python as reader
        else:
            from images import image_folders as reader
        size = source.bytes if isinstance(source, Cifar10Python) else None
        path = download.find(data.source, source.urls, lambda path: reader.check(path, source), size)
        splits = reader.read(path, source)

    class_names = list(source.class_names.values())
    fetched = dataset.Dataset(
        source=data.source,
        content=f"md5:{source.md5}" if isinstance(source, Cifar10Python) else f"sha256:{source.sha256}",
        lossless=source.lossless,
        train_images=len(splits["train"][1]),
        test_images=len(splits["test"][1]),
    )
    for name, (images, labels) in splits.items():
        check_split(name, images, labels, class_names)
    for name, (images, labels) in splits.items():
        dataset.save(f"data/{name}.npz", dataset.Split(images, labels, class_names, fetched))
    write_json("data/dataset.json", fetched.model_dump())
    print(f"{data.source}: {fetched.train_images:,} training and {fetched.test_images:,} test images")


def check_split(name: str, images: np.ndarray, labels: np.ndarray, class_names: list[str]) -> None:
    """Raise `UserError` unless there are images of the right shape for every class."""
    if images.shape != (len(labels), *dataset.IMAGE_SHAPE) or images.dtype != np.uint8:
        expected = (len(labels), *dataset.IMAGE_SHAPE)
        raise UserError(f"{name} images: expected {expected} uint8, found {images.shape} {images.dtype}")
    counts = np.bincount(labels, minlength=len(class_names))
    if len(counts) > len(class_names) or not counts.all():
        raise UserError(
            f"{name} images: expected some of each of {class_names} and no others, found counts {counts.tolist()}"
        )


if __name__ == "__main__":
    with one_line_errors():
        main()
