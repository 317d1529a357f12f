"""Where images come from: a file for each format; archives; downloads.

The file of a format has `read(source, path)`. `source` is the format's entry in params.yaml; `path` is an archive or a
folder. `read` returns `{"train": (images, labels), "test": (images, labels)}`: images (N, 32, 32, 3) uint8 RGB, labels
(N,) uint8 in the order of `source.class_names`. It raises `UserError` for faults; fetch.py checks the sha256.
A new format is such a file, and its name in `Source` of params.py, which has hyphens for the underscores.
"""

import numpy as np

Splits = dict[str, tuple[np.ndarray, np.ndarray]]  # images and labels by the name of the split
