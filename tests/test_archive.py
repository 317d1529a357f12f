"""Files inside archives and folders, and what is refused."""

import io
import tarfile
import zipfile

import pytest

import archive
from errors import UserError

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


def test_a_link_in_a_tar_is_refused(tmp_path):
    path = tmp_path / "link.tar"
    with tarfile.open(path, "w") as tar:
        member = tarfile.TarInfo("passwords")
        member.type, member.linkname = tarfile.SYMTYPE, "/etc/passwd"
        tar.addfile(member)
    with pytest.raises(UserError, match="passwords is a link or a device"):
        list(archive.read_files(path))


def test_a_link_in_a_folder_is_refused(tmp_path):
    (tmp_path / "passwords").symlink_to("/etc/passwd")
    with pytest.raises(UserError, match="passwords is a link or a device"):
        list(archive.read_files(tmp_path))


def test_a_file_too_large_is_refused_before_it_is_read(tmp_path, monkeypatch):
    monkeypatch.setattr(archive, "MAX_FILE_BYTES", 1)
    with pytest.raises(UserError, match=r"two.txt has 2 bytes, and at most 1 are read"):
        list(archive.read_files(make_tar(tmp_path / "large.tar")))


def test_too_many_files_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(archive, "MAX_FILES", 1)
    with pytest.raises(UserError, match="more than 1 files"):
        list(archive.read_files(make_tar(tmp_path / "many.tar")))


@pytest.mark.parametrize("keep", [0, 10, 100])
def test_a_damaged_archive_is_refused_in_one_line(tmp_path, keep):
    whole = make_tar(tmp_path / "whole.tar.gz").read_bytes()
    path = tmp_path / "cut.tar.gz"
    path.write_bytes(whole[:keep])
    with pytest.raises(UserError, match="cannot be read as a tar or zip archive or a folder") as error:
        list(archive.read_files(path))
    assert "\n" not in str(error.value)
