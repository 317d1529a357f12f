"""What images are and where they come from: the splits in `data/`, archives, downloads, and one file a format.

Imports `params` and `foundation`; torch only where a tensor is asked for, and in `cifar10_python`,
which `fetch` imports for that format alone.
"""
