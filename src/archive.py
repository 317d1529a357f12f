"""Read the files inside a tar or zip archive, or a folder, without unpacking anything to disk."""

import stat
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

from errors import UserError

MAX_FILE_BYTES = 64 * 2**20  # CIFAR-10's largest is 31 MB
MAX_FILES = 200_000
MAX_BYTES = 2**30


def read_files(path: Path) -> Iterator[tuple[str, bytes]]:
    """Name (with `/`) and content of each file in the archive or folder `path`.

    Raises `UserError` for what is no archive, is damaged, or holds links, devices, or too many or too large files.
    """
    if path.is_dir():
        members = _in_folder(path)
    elif zipfile.is_zipfile(path):
        members = _in_zip(path)
    else:
        members = _in_tar(path)
    try:
        for count, (name, size, is_file, read) in enumerate(members, start=1):
            if not is_file:
                raise UserError(f"{path}: {name} is a link or a device, and only plain files are read")
            if size > MAX_FILE_BYTES:
                raise UserError(f"{path}: {name} has {size:,} bytes, and at most {MAX_FILE_BYTES:,} are read")
            if count > MAX_FILES:
                raise UserError(f"{path}: holds more than {MAX_FILES:,} files")
            yield name, read()
    except (tarfile.TarError, zipfile.BadZipFile, EOFError, OSError, ValueError) as error:
        reason = str(error).partition("\n")[0].rstrip(":- ")
        raise UserError(f"{path} cannot be read as a tar or zip archive or a folder ({reason})") from None


def _in_folder(path: Path) -> Iterator[tuple]:
    for file in sorted(path.rglob("*")):
        if file.is_symlink() or not file.is_dir():
            name = file.relative_to(path).as_posix()
            yield name, file.lstat().st_size, file.is_file() and not file.is_symlink(), file.read_bytes


def _in_zip(path: Path) -> Iterator[tuple]:
    with zipfile.ZipFile(path) as archive:
        for member in archive.infolist():
            if not member.is_dir():
                is_link = stat.S_ISLNK(member.external_attr >> 16)
                yield member.filename, member.file_size, not is_link, lambda m=member: archive.read(m)


def _in_tar(path: Path) -> Iterator[tuple]:
    with tarfile.open(path) as archive:
        for member in archive:
            if not member.isdir():
                yield member.name, member.size, member.isreg(), lambda m=member: archive.extractfile(m).read()
