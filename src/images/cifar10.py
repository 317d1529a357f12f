"""CIFAR-10, from the official archive, a folder with its batch files, or its images as PNG files.

The official batches list a file name for each image (https://www.cs.toronto.edu/~kriz/cifar.html), and the PNG files
`{train,test}/CLASS/NAME.png` have these names. Each split is put into their order, so all three give the same arrays.
"""

import hashlib
import pickle
from pathlib import Path
from posixpath import basename

import numpy as np
from torchvision.datasets import CIFAR10

from errors import UserError
from images import Splits
from images.archive import read_files
from images.image_folders import decode, pictures_in
from params import Source

CLASSES = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"]  # in label order
BATCHES = {"train": dict(CIFAR10.train_list), "test": dict(CIFAR10.test_list)}  # md5 of each batch file by its name


def read(source: Source, path: Path) -> Splits:
    """The images of `path` in the order of their file names within each split; `images` says what is returned."""
    if list(source.class_names) != CLASSES:
        raise UserError(f"params.yaml: the class_names of CIFAR-10 are {', '.join(CLASSES)}, in this order")
    files = dict(read_files(path))
    batches = {basename(name): content for name, content in files.items()}
    if any(name in batches for names in BATCHES.values() for name in names):
        return {split: _read_batches(path, batches, split) for split in BATCHES}
    pictures, _ = pictures_in(path, files)
    return decode(path, pictures, CLASSES, order=basename)


def _read_batches(path: Path, files: dict[str, bytes], split: str) -> tuple[np.ndarray, np.ndarray]:
    planes, labels, names = [], [], []
    for name, md5 in BATCHES[split].items():
        if name not in files:
            raise UserError(f"{path} has no {name}")
        found = hashlib.md5(files[name]).hexdigest()
        if found != md5:  # a pickle can run any code, so only the official ones are opened
            raise UserError(f"{path}: {name} is damaged or another file: expected md5 {md5}, found {found}")
        batch = pickle.loads(files[name], encoding="latin1")
        planes.append(batch["data"])
        labels += batch["labels"]
        names += batch["filenames"]
    order = np.argsort(names)
    images = np.concatenate(planes).reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)
    return np.ascontiguousarray(images[order]), np.array(labels, dtype=np.uint8)[order]
