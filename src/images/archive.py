"""Read the files inside a tar or zip archive, or a folder, without unpacking anything to disk."""

import tarfile
import zipfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path, PurePosixPath

from errors import UserError, reading

MAX_BYTES = 2**30  # of all files together, unpacked; CIFAR-10 has 186 MB


def read_files(path: Path) -> Iterator[tuple[str, bytes]]:
    """Name (with `/`) and content of each file in the archive or folder `path`.

    Hidden files and macOS's `__MACOSX` folders are passed over, and so are links and devices inside an archive.
    Raises `UserError` for a file that is no archive, for damage and encryption, and above the limit. Not all damage
    shows here; the checksum that params.yaml pins finds the rest.
    """
    total = 0
    with reading(path, "tar or zip archive", "get another copy"):
        for name, size, read in _files(path):
            total += size
            if total > MAX_BYTES:
                raise UserError(f"{path} holds more than {MAX_BYTES:,} bytes")
            parts = PurePosixPath(name).parts
            if not any(part.startswith(".") or part == "__MACOSX" for part in parts):
                yield "/".join(parts), read()


def _files(path: Path) -> Iterator[tuple[str, int, Callable[[], bytes]]]:
    """Name, size in bytes, and a function that reads the content."""
    if path.is_dir():
        for file in path.rglob("*"):
            if file.is_file():
                yield file.relative_to(path).as_posix(), file.stat().st_size, file.read_bytes
    elif zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            for member in archive.infolist():
                if not member.is_dir():
                    yield member.filename, member.file_size, partial(archive.read, member)
    else:
        with tarfile.open(path) as tar:
            for header in tar:
                if content := tar.extractfile(header) if header.isreg() else None:
                    yield header.name, header.size, content.read
