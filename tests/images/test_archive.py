"""Files inside archives and folders."""

import shutil
import tarfile
from pathlib import Path

import pytest
from test_image_folders import write

from errors import UserError
from images import archive
from images.archive import read_files

FILES = {"top/a.txt": b"first", "top/more/b.txt": b"second" * 1000}
HIDDEN = ("top/.DS_Store", "top/more/._b.txt", ".git/config", "__MACOSX/top/b.txt")


@pytest.fixture
def folder(tmp_path) -> Path:
    return write(tmp_path / "folder", FILES | dict.fromkeys(HIDDEN, b"hidden"))


def packed(folder: Path, kind: str) -> Path:
    return Path(shutil.make_archive(str(folder.parent / "packed"), kind, folder))


def test_a_folder_and_all_archives_of_it_have_the_same_files_without_the_hidden_ones(folder):
    assert dict(read_files(folder)) == FILES
    for kind in ("tar", "gztar", "xztar", "zip"):
        assert dict(read_files(packed(folder, kind))) == FILES


def test_links_inside_an_archive_are_passed_over(tmp_path):
    (tmp_path / "secret").write_bytes(b"secret")
    with tarfile.open(tmp_path / "a.tar", "w") as tar:
        link = tarfile.TarInfo("link")
        link.type, link.linkname = tarfile.SYMTYPE, str(tmp_path / "secret")
        tar.addfile(link)
    assert dict(read_files(tmp_path / "a.tar")) == {}


@pytest.mark.parametrize("kind", ["tar", "gztar", "xztar", "zip"])
def test_half_an_archive_is_one_line(folder, kind):
    path = packed(folder, kind)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(UserError, match=f"{path} .*damaged"):
        dict(read_files(path))


def test_a_file_that_is_no_archive_is_refused(tmp_path):
    (tmp_path / "page.html").write_text("<html>Sign in</html>")
    with pytest.raises(UserError, match=r"page\.html"):
        dict(read_files(tmp_path / "page.html"))


def test_more_than_the_limit_is_refused(folder, monkeypatch):
    monkeypatch.setattr(archive, "MAX_BYTES", 6004)
    for path in (folder, packed(folder, "gztar"), packed(folder, "zip")):
        with pytest.raises(UserError, match="more than"):
            dict(read_files(path))
