"""Files inside archives and folders, and what is refused."""

import io
import os
import re
import stat
import struct
import tarfile
import tracemalloc
import warnings
import zipfile

import pytest

from foundation.errors import UserError
from images import archive

FILES = {"a/one.txt": b"1", "two.txt": b"22"}


def make_tar(path, files=FILES, mode="w:gz"):
    with tarfile.open(path, mode) as tar:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return path


def make_zip(path):
    with zipfile.ZipFile(path, "w") as file:
        for name, content in FILES.items():
            file.writestr(name, content)
    return path


def make_folder(path):
    for name, content in FILES.items():
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_bytes(content)
    return path


@pytest.mark.parametrize("make", [make_tar, make_zip, make_folder])
def test_the_same_files_however_they_are_packed(tmp_path, make):
    assert dict(archive.read_files(make(tmp_path / "packed"))) == FILES


def tar_of(path, *members: tuple[tarfile.TarInfo, bytes], mode="w"):
    with tarfile.open(path, mode) as tar:
        for member, content in members:
            tar.addfile(member, io.BytesIO(content))
    return path


def member(name="a", content=b"", **attributes) -> tuple[tarfile.TarInfo, bytes]:
    info = tarfile.TarInfo(name)
    info.size = len(content)
    for attribute, value in attributes.items():
        setattr(info, attribute, value)
    return info, content


def refused(path, says):
    with pytest.raises(UserError, match=says) as error:
        list(archive.read_files(path))
    assert str(path) in str(error.value)
    assert str(error.value).isprintable()


OUTSIDE = ["../a", "a/../../b", "a/..", "..", "/etc/passwd", "C:/a", "c:a", "\\\\host\\a", "a\\..\\b"]
UNREADABLE = ["a\nb", "a\x1b[2Jb", "a" * 1001]


@pytest.mark.parametrize("name", OUTSIDE + UNREADABLE)
def test_names_that_point_out_of_the_archive_or_break_a_line_are_refused(tmp_path, name):
    refused(tar_of(tmp_path / "names.tar", member(name)), "is no name for a file inside an archive")
    refused(tar_of(tmp_path / "folder.tar", member(name, type=tarfile.DIRTYPE)), "is no name for a file")
    with zipfile.ZipFile(tmp_path / "names.zip", "w") as file:
        file.writestr(name, b"1")
    refused(tmp_path / "names.zip", "is no name for a file inside an archive")


@pytest.mark.parametrize("name", ["./a", "a..b", "...", "a/.b", "ä/1"])
def test_unusual_names_inside_are_read(tmp_path, name):
    read = dict(archive.read_files(tar_of(tmp_path / "names.tar", member(name, b"1"))))
    assert read == {name.removeprefix("./"): b"1"}


@pytest.mark.parametrize(
    "type_", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE, b"Z"]
)
def test_a_link_or_a_device_in_a_tar_is_refused(tmp_path, type_):
    path = tar_of(tmp_path / "special.tar", member("passwords", type=type_, linkname="/etc/passwd"))
    refused(path, "passwords is a link or a device")


def test_a_sparse_file_is_refused(tmp_path):
    """It can claim any size and take no room in the archive."""
    info, content = member("holes", bytes(512))
    info.pax_headers = {"GNU.sparse.map": "0,512", "GNU.sparse.size": "1000000"}
    refused(tar_of(tmp_path / "sparse.tar", (info, content)), "holes is a link or a device")


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFIFO, stat.S_IFCHR, stat.S_IFDIR])
def test_a_link_or_a_device_in_a_zip_is_refused(tmp_path, kind):
    info = zipfile.ZipInfo("passwords")
    info.external_attr = (kind | 0o777) << 16
    with zipfile.ZipFile(tmp_path / "special.zip", "w") as file:
        file.writestr(info, "/etc/passwd")
    refused(tmp_path / "special.zip", "passwords is a link or a device")


def test_a_link_or_a_pipe_in_a_folder_is_refused(tmp_path):
    (tmp_path / "one").mkdir()
    (tmp_path / "one" / "passwords").symlink_to("/etc/passwd")
    refused(tmp_path / "one", "passwords is a link or a device")
    (tmp_path / "two").mkdir()
    os.mkfifo(tmp_path / "two" / "pipe")
    refused(tmp_path / "two", "pipe is a link or a device")
    refused(tmp_path / "two" / "pipe", "is neither a file nor a folder")


@pytest.mark.parametrize("make", [make_tar, make_zip, make_folder])
def test_limits_hold_before_anything_is_read(tmp_path, make, monkeypatch):
    path = make(tmp_path / "packed")
    with monkeypatch.context() as patch:
        patch.setattr(archive, "MAX_FILE_BYTES", 1)
        refused(path, "two.txt has 2 bytes, and at most 1 are read")
    with monkeypatch.context() as patch:
        patch.setattr(archive, "MAX_BYTES", 2)
        refused(path, "packed has .* bytes, and at most 2 are read" if path.is_file() else "holds more than 2 bytes")
    with monkeypatch.context() as patch:
        patch.setattr(archive, "MAX_MEMBERS", 1)
        refused(path, "holds more than 1 files and folders")


def test_folders_count_as_members(tmp_path, monkeypatch):
    monkeypatch.setattr(archive, "MAX_MEMBERS", 2)
    folders = [member(name, type=tarfile.DIRTYPE) for name in "abc"]
    refused(tar_of(tmp_path / "folders.tar", *folders), "holds more than 2 files and folders")


@pytest.mark.parametrize("mode", ["w:gz", "w:bz2", "w:xz"])
def test_what_a_tar_unpacks_to_is_limited_in_all(tmp_path, mode, monkeypatch):
    monkeypatch.setattr(archive, "MAX_BYTES", 2_500_000)
    bombs = [member(name, bytes(1_000_000)) for name in "abc"]
    path = tar_of(tmp_path / "bombs", *bombs, mode=mode)
    assert path.stat().st_size < 5_000
    refused(path, "holds more than 2,500,000 bytes")


def test_what_a_zip_unpacks_to_is_limited_in_all(tmp_path, monkeypatch):
    monkeypatch.setattr(archive, "MAX_BYTES", 2_500_000)
    with zipfile.ZipFile(tmp_path / "bombs.zip", "w", zipfile.ZIP_DEFLATED) as file:
        for name in "abc":
            file.writestr(name, bytes(1_000_000))
    refused(tmp_path / "bombs.zip", "holds more than 2,500,000 bytes")


@pytest.mark.parametrize("claimed", [10, 2_000_000])
def test_a_zip_that_lies_about_a_size_is_refused(tmp_path, claimed):
    """In the directory and in the file's own header."""
    path = tmp_path / "liar.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("a", bytes(1_000_000))
    path.write_bytes(path.read_bytes().replace(struct.pack("<I", 1_000_000), struct.pack("<I", claimed)))
    refused(path, r"Bad CRC-32|a does not have the 2,000,000 bytes it should")


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_zip_of_an_unbounded_method_is_refused(tmp_path, method):
    with zipfile.ZipFile(tmp_path / "odd.zip", "w", method) as file:
        file.writestr("a", b"1")
    refused(tmp_path / "odd.zip", "only zip files of the ordinary kind")


def test_an_encrypted_zip_is_refused(tmp_path):
    path = make_zip(tmp_path / "secret.zip")
    content = bytearray(path.read_bytes())
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):  # the flags of each file and directory entry
        for match in re.finditer(re.escape(mark), content):
            content[match.start() + offset] |= 1
    path.write_bytes(content)
    refused(path, "is encrypted, password required")


@pytest.mark.parametrize("other", ["a", "./a", "b/../a"])
def test_a_name_twice_is_refused(tmp_path, other):
    path = tar_of(tmp_path / "twice.tar", member("a", b"1"), member(other, b"2"))
    refused(path, "holds a twice|is no name")
    with zipfile.ZipFile(tmp_path / "twice.zip", "w") as file, warnings.catch_warnings(action="ignore"):
        file.writestr("a", b"1")
        file.writestr(other, b"2")
    refused(tmp_path / "twice.zip", "holds a twice|is no name")


@pytest.mark.parametrize("type_", [tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.GNUTYPE_LONGNAME, tarfile.DIRTYPE])
def test_a_tar_header_that_claims_much_is_not_read(tmp_path, type_):
    """tarfile would read the whole of it: 70 kB of a gzip file become 64 MB of a file's name."""
    path = tar_of(tmp_path / "header.tar.gz", member("a", bytes(64 * 2**20), type=type_), mode="w:gz")
    tracemalloc.start()
    refused(path, "a header of 67,108,864 bytes")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2 * 2**20


def test_headers_of_headers_without_end_are_refused(tmp_path):
    path = tmp_path / "nested.tar"
    header = member("a", type=tarfile.GNUTYPE_LONGNAME, size=1)[0].tobuf(tarfile.GNU_FORMAT)
    path.write_bytes((header + b"b".ljust(512, b"\0")) * 5000)
    refused(path, "cannot be read")


@pytest.mark.parametrize("type_", [tarfile.REGTYPE, tarfile.DIRTYPE])
def test_a_negative_size_does_not_loop_for_ever(tmp_path, type_):
    header = member("a", type=type_, size=-512)[0].tobuf(tarfile.GNU_FORMAT)
    (tmp_path / "negative.tar").write_bytes(header + bytes(1024))
    refused(tmp_path / "negative.tar", "-512 bytes")


def test_a_negative_size_in_a_tars_attributes_does_not_loop_for_ever(tmp_path):
    info = member("a", pax_headers={"size": "-512"})[0]
    (tmp_path / "negative.tar").write_bytes(info.tobuf(tarfile.PAX_FORMAT) + bytes(1024))
    refused(tmp_path / "negative.tar", "a has -512 bytes")


@pytest.mark.parametrize("at", [0, 1024, 2048])
def test_a_damaged_header_is_not_taken_for_the_end_of_a_tar(tmp_path, at):
    path = make_tar(tmp_path / "damaged.tar", mode="w")
    content = bytearray(path.read_bytes())
    content[at] ^= 1
    path.write_bytes(content)
    refused(path, "damaged: bad checksum")


def test_a_tar_cut_between_two_files_is_refused(tmp_path):
    path = make_tar(tmp_path / "cut.tar", mode="w")
    path.write_bytes(path.read_bytes()[:1024])
    refused(path, "damaged: empty header")


@pytest.mark.parametrize("keep", [0, 10, 100])
def test_a_damaged_archive_is_refused_in_one_line(tmp_path, keep):
    whole = make_tar(tmp_path / "whole.tar.gz").read_bytes()
    path = tmp_path / "cut.tar.gz"
    path.write_bytes(whole[:keep])
    with pytest.raises(UserError, match="cannot be read as a tar or zip archive or a folder") as error:
        list(archive.read_files(path))
    assert "\n" not in str(error.value)
