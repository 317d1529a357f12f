import pytest

from foundation.atomic import replacing, write_json


def test_a_file_appears_whole(tmp_path):
    write_json(tmp_path / "new" / "a.json", {"b": 1, "a": "é"})
    assert (tmp_path / "new" / "a.json").read_text(encoding="utf-8") == '{\n  "b": 1,\n  "a": "é"\n}\n'
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["a.json"]


def test_a_failed_write_leaves_the_old_file_and_nothing_beside(tmp_path):
    (tmp_path / "a").write_text("old")

    def fail_halfway():
        with replacing(tmp_path / "a") as file:
            file.write(b"half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail_halfway()
    assert (tmp_path / "a").read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_not_a_number_is_not_json(tmp_path):
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_json(tmp_path / "a.json", {"loss": float("nan")})
