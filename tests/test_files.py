"""Files appear whole or not at all."""

import hashlib
import resource

import numpy as np
import pytest

from files import write_bytes, write_json, write_npz


def test_a_file_appears_whole_and_alone(tmp_path):
    write_json(tmp_path / "new" / "a.json", {"b": 1, "a": "é"})
    assert (tmp_path / "new" / "a.json").read_text(encoding="utf-8") == '{\n  "b": 1,\n  "a": "é"\n}\n'
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["a.json"]


def test_a_failed_write_names_the_file_and_leaves_the_old_one_and_nothing_beside(tmp_path):
    path = tmp_path / "a"
    path.write_text("old")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))  # as a full disk
    try:
        with pytest.raises(OSError, match=r"File too large: '.*/a'"):
            write_bytes(path, b"x" * 2000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert path.read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_the_bytes_of_arrays_are_those_of_every_version_of_python(tmp_path):
    """This md5 was seen with Python 3.11.2 and 3.11.7, between which `np.savez` changed."""
    numbers = np.arange(6, dtype=np.float16).reshape(2, 3)
    write_npz(tmp_path / "a.npz", numbers=numbers, names=["a", "b"], text="c")
    assert hashlib.md5((tmp_path / "a.npz").read_bytes()).hexdigest() == "89fc06836a87aba3f89012787c344c63"
    with np.load(tmp_path / "a.npz") as arrays:
        assert (arrays["numbers"] == numbers).all()
        assert (arrays["names"].tolist(), str(arrays["text"])) == (["a", "b"], "c")
