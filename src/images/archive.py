"""Read the files inside a tar or zip archive, or a folder, without unpacking anything to disk.

An archive is a stranger's: whatever it claims, no more than the limits below comes into memory.
"""

import io
import re
import stat
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath
from typing import BinaryIO, NamedTuple

from foundation.errors import UserError, is_of_the_system, reason

MAX_FILE_BYTES = 64 * 2**20  # CIFAR-10's largest is 31 MB
MAX_BYTES = 2**30  # of an archive, and of the files in it; CIFAR-10 has 186 MB
MAX_MEMBERS = 200_000  # files and folders; CIFAR-10 as one file an image has 60,000
MAX_HEADER_BYTES = 2**16  # of a tar's long names and attributes, which tarfile reads whole
MAX_NAME = 1000  # characters
POINTS_OUT = re.compile(r"/|[A-Za-z]:|.*\\|(.*/)?\.\.(/|$)")  # absolute, on a drive, Windows' separator, parent


class Member(NamedTuple):
    name: str
    size: int
    is_folder: bool
    is_file: bool  # a plain one: no link, device, pipe or socket
    open: Callable[[], BinaryIO]


def read_files(path: Path, archive: bytes | None = None) -> Iterator[tuple[str, bytes]]:
    """Name (with `/`) and content of each file in the archive or folder `path`, or in `archive`, its bytes if given.

    Raises `UserError` for what is no archive, is damaged or encrypted, or holds names that point out of it, a name
    twice, links, devices, or too many or too large files. What it has yielded by then is to be thrown away.
    """
    try:
        for member in _plain_files(path, archive):
            with member.open() as file:
                content = file.read(member.size + 1)
            if len(content) != member.size:
                raise UserError(f"{path}: {member.name} does not have the {member.size:,} bytes it should")
            yield member.name, content
    except UserError:
        raise
    except Exception as error:  # the readers raise whatever a damaged or hostile archive leads them to
        if is_of_the_system(error):
            raise
        raise UserError(f"{path} cannot be read as a tar or zip archive or a folder ({reason(error)})") from None


def _plain_files(path: Path, archive: bytes | None) -> Iterator[Member]:
    """The files of `path`, each known to keep within the limits before it is opened."""
    names, total = set(), 0
    for count, member in enumerate(_members(path, archive), start=1):
        name = str(PurePosixPath(member.name))
        if count > MAX_MEMBERS:
            raise UserError(f"{path}: holds more than {MAX_MEMBERS:,} files and folders")
        if POINTS_OUT.match(member.name) or not member.name.isprintable() or len(member.name) > MAX_NAME:
            raise UserError(f"{path}: {member.name[:100]!a} is no name for a file inside an archive")
        if member.is_folder:
            continue
        if name in names:
            raise UserError(f"{path}: holds {name} twice")
        if not member.is_file:
            raise UserError(f"{path}: {name} is a link or a device, and only plain files are read")
        if not 0 <= member.size <= MAX_FILE_BYTES:
            raise UserError(f"{path}: {name} has {member.size:,} bytes, and at most {MAX_FILE_BYTES:,} are read")
        names.add(name)
        total += member.size
        if total > MAX_BYTES:
            raise UserError(f"{path}: holds more than {MAX_BYTES:,} bytes")
        yield member._replace(name=name)


def _members(path: Path, archive: bytes | None) -> Iterator[Member]:
    if archive is None and path.is_dir():
        return _in_folder(path)
    if archive is None and not path.is_file():  # opening a pipe would wait for ever
        raise UserError(f"{path} is neither a file nor a folder")
    size = path.stat().st_size if archive is None else len(archive)
    if size > MAX_BYTES:
        raise UserError(f"{path} has {size:,} bytes, and at most {MAX_BYTES:,} are read")
    file = path.open("rb") if archive is None else io.BytesIO(archive)
    is_zip = zipfile.is_zipfile(file)
    file.seek(0)
    return _in_zip(path, file) if is_zip else _in_tar(file)


def _in_folder(path: Path) -> Iterator[Member]:
    for file in path.rglob("*"):
        status = file.lstat()
        is_folder, is_file = stat.S_ISDIR(status.st_mode), stat.S_ISREG(status.st_mode)
        name = file.relative_to(path).as_posix()
        yield Member(name, status.st_size, is_folder, is_file, lambda file=file: file.open("rb"))


def _in_zip(path: Path, file: BinaryIO) -> Iterator[Member]:
    with file, zipfile.ZipFile(file) as archive:
        for member in archive.infolist():
            if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):  # zipfile cannot bound others
                raise UserError(f"{path}: only zip files of the ordinary kind (deflate) are read")
            is_file = stat.S_IFMT(member.external_attr >> 16) in (0, stat.S_IFREG)
            yield Member(
                member.filename, member.file_size, member.is_dir(), is_file, lambda member=member: archive.open(member)
            )


def _in_tar(file: BinaryIO) -> Iterator[Member]:
    with file, tarfile.open(fileobj=file, tarinfo=_Header) as archive:
        for member in archive:
            is_file = member.isreg() and not member.issparse()
            yield Member(
                member.name, member.size, member.isdir(), is_file, lambda member=member: archive.extractfile(member)
            )


class _Header(tarfile.TarInfo):
    @classmethod
    def frombuf(cls, buf, encoding, errors):
        """The header in `buf`; raises `ValueError` where tarfile would take a damaged one for the archive's end."""
        try:
            header = super().frombuf(buf, encoding, errors)
        except tarfile.EOFHeaderError:
            raise
        except tarfile.HeaderError as error:
            raise ValueError(f"damaged: {error}") from None
        if not header.isreg() and not 0 <= header.size <= MAX_HEADER_BYTES:
            raise ValueError(f"a header of {header.size:,} bytes")
        return header
