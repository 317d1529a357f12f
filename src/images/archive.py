"""Read the files inside a tar or zip archive, or a folder, without unpacking anything to disk."""

import tarfile
import zipfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path, PurePosixPath

from errors import UserError, reason

MAX_BYTES = 2**30  # of all files together, unpacked; CIFAR-10 has 186 MB
MAX_FILES = 200_000  # CIFAR-10 has 60,000 as one file an image


def read_files(path: Path) -> Iterator[tuple[str, bytes]]:
    """Name (with `/`) and content of each file in the archive or folder `path`.

    Hidden files and macOS's `__MACOSX` folders are passed over, and so are links and devices inside an archive.
    Raises `UserError` for a file that is no archive, for damage and encryption, and above the limits. Not all damage
    shows here; the checksum that params.yaml pins finds the rest.
    """
    count = total = 0
    try:
        for name, size, read in _files(path):
            count, total = count + 1, total + size
            if count > MAX_FILES or total > MAX_BYTES:
                raise UserError(f"{path} holds more than {MAX_FILES:,} files or {MAX_BYTES:,} bytes")
            parts = PurePosixPath(name).parts
            if not any(part.startswith(".") or part == "__MACOSX" for part in parts):
                yield "/".join(parts), read()
    except (UserError, MemoryError):
        raise
    except Exception as error:  # the readers of tar, zip and their compressions have no common error for damage
        if isinstance(error, OSError) and error.errno:
            raise
        raise UserError(f"{path} is no tar or zip archive, or is damaged ({reason(error)})") from None


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
