"""YAML is read as DVC reads it, which tracks params.yaml; whatever is not YAML is one line with its place."""

# ruff: noqa: E501

import time

import pytest
from clone import REPOSITORY
from dvc.utils.serialize import load_yaml

from foundation import yaml12
from foundation.errors import UserError

PLAIN = {
    "null": "~ null Null NULL nULL none None nil",
    "bool": "true True TRUE tRUE false False FALSE yes Yes no NO on off Off y n Y N",
    "int": "0 -0 +0 1 -1 +1 00 010 -010 089 1_000 1__0 -_1 1,000 0b101 0B1 0o17 -0o17 0O17 0x 0x1f 0xFF -0x1F 0X1F"
    " 9007199254740993 123456789012345678901234567890",
    "float": "0.0 -0.0 1. 1.5 -1.5 +1.5 .5 -.5 +.5 1e3 1E3 1e+3 1e-3 5e-05 1.e3 1.5e3 .5e3 .5e+3 1_0.5 1_0e1 1e400 1e"
    " 1e3.5 e3 1.2.3 . .. 0x1.8p3 3.5% .inf -.inf +.inf .Inf .INF .iNf inf Infinity .nan .NaN .NAN -.nan nan",
    "timestamp": "2026-01-31 2026-1-31 2026-01-31T10:20:30 2026-01-31t10:20:30.5 2026-01-31T10:20:30Z 2026-01 20260131"
    " 2026-01-31T10:20:30+02:00 2026-01-31T10:20:30.123456Z",
    "sexagesimal": "1:30 12:30 1:30:45 190:20:30.15 12:60 1:3",
    "text": "a a:b a::b http://x.org:80/y&z=1#c a#b -a - -- --- a-b <a <<a @a' a'b' = == !a a! *",
}
SPACED = ["2026-01-31 10:20:30", "2026-01-31 10:20:30.5 -5", "1 000", "yes sir", "a: 1 b"]
QUOTED = ["'1'", '"1e-3"', "'yes'", "''", '""', '"\\n\\t\\x41\\u00e9"', "'it''s'", '"a: b # c"']
TAGGED = ["!!str 1", "!!str yes", "!!int '3'", "!!int 010", "!!float 3", "!!float '1e-3'", "!!bool yes", "!!null ''"]
WORDS = [word for words in PLAIN.values() for word in words.split()] + SPACED + QUOTED + TAGGED
PLACES = ["key: {}\n", "- {}\n", "{}: value\n", "key: [{}, 1]\n", "key: {{inner: {}}}\n"]


def typed(value: object) -> object:
    """`value` such that 1, 1.0, True and "1" differ, and NaN equals NaN."""
    if isinstance(value, dict):
        return [(typed(key), typed(entry)) for key, entry in value.items()]
    return [typed(entry) for entry in value] if isinstance(value, list) else (type(value), str(value))


@pytest.fixture
def file(tmp_path):
    return tmp_path / "params.yaml"


@pytest.mark.parametrize("place", PLACES)
def test_values_are_those_that_dvc_reads(file, place):
    """Where DVC takes a word at all: a plain `=` or `*` is an error to both."""
    refused = []
    for word in WORDS:
        file.write_text(place.format(word))
        try:
            expected = load_yaml(file)
        except Exception:  # ValueError or DVC's own
            refused.append(word)
            with pytest.raises(UserError):
                yaml12.read(file)
        else:
            assert typed(yaml12.read(file)) == typed(expected), place.format(word)
    assert len(refused) < 12


@pytest.mark.parametrize(
    ("word", "value"),
    [("1e-3", 0.001), ("5e-05", 0.00005), ("yes", "yes"), ("off", "off"), ("010", 10), ("0o17", 15), ("1:30", "1:30")],
)
def test_values_are_yaml_1_2(file, word, value):
    file.write_text(f"key: {word}\n")
    assert typed(yaml12.read(file)) == typed({"key": value})


@pytest.mark.parametrize(
    "text",
    [
        (REPOSITORY / "params.yaml").read_text(encoding="utf-8"),
        "a: &a {x: 1, y: 2}\nb: *a\nc: [*a, *a]\n",
        "a: &a {x: 1, y: 2}\nb: {<<: *a, y: 3}\nc:\n  y: 4\n  <<: *a\n",
        "a: &a {x: 1}\nb: &b {<<: *a, x: 2}\nc: {<<: [*b, *a], z: 3}\n",
        "a: |\n  one\n  two\nb: >-\n  one\n  two\nc: one\n  two\n",
        "{\"a\":1, 'b': [2,3,], c}\n",
        "\ufeffa: 1\r\nb: 2\r\n",
        "%YAML 1.2\n---\na: yes\n...\n",
        "a:\n- 1\n-\n  - 2\nb:\n",
    ],
)
def test_documents_are_those_that_dvc_reads(file, text):
    file.write_text(text, encoding="utf-8", newline="")
    assert typed(yaml12.read(file)) == typed(load_yaml(file))


@pytest.mark.parametrize("text", ["", "# a comment\n", "---\n", "null\n"])
def test_an_empty_file_is_none(file, text):
    file.write_text(text)
    assert yaml12.read(file) is None


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("a: 1\nb: 2\na: 3\n", "line 3: the key 'a' is there twice"),
        ("a:\n  b: {c: 1, 'c': 2}\n", "line 2: the key 'c' is there twice"),
        ("a: &a {x: 1}\nb: &b {y: 2}\nc:\n  <<: *a\n  <<: *b\n", "line 5: the key '<<' is there twice"),
        ("a: &a {x: 1}\nb: {<<: *a, x: 2, x: 3}\n", "line 2: the key 'x' is there twice"),
        ("seed: 0\ndate: 2026-02-30\n", "line 2: this is no timestamp: day is out of range for month"),
        ("date: 2026-01-31 25:00:00\n", "line 1: this is no timestamp: hour must be in 0..23"),
        (f"a: {'9' * 5000}\n", "line 1: this is no int: Exceeds the limit (4300 digits) for integer string conversion"),
        (f"a: 0x{'f' * 5000}\n", "line 1: this is no int: Exceeds the limit (4300 digits) for integer string conversion"),
        ("a: !!bool maybe\n", "line 1: this is no bool: 'maybe'"),
        ("a: !!int ten\n", "line 1: this is no int: invalid literal"),
        ("a: !!timestamp now\n", "line 1: this is no timestamp: "),
        ("a: !!float ''\n", "line 1: this is no float: "),
        ("a: !!int [1]\n", "line 1: expected a scalar node, but found sequence"),
        ('a: "\\ud800"\n', "line 1: this is no str: 'utf-8' codec can't encode character '\\ud800'"),
        ("a: 1\nb: !!python/object/apply:os.system [touch pwned]\n", "line 2: could not determine a constructor for the tag"),
        ("a: *b\n", "line 1: found undefined alias 'b'"),
        ("a: =\n", "line 1: could not determine a constructor for the tag 'tag:yaml.org,2002:value'"),
        ("a:\t1\n", "line 1: while scanning for the next token: found character '\\t' that cannot start any token"),
        ("a: 1\n---\na: 2\n", "line 2: expected a single document in the stream: but found another document"),
        ("a: 1\n<<<<<<< HEAD\nb: 1\n=======\nb: 2\n>>>>>>> theirs\n", "line 3: while scanning a simple key: could not find expected ':'"),
        ("a:\n<<<<<<< HEAD\n  b: 1\n=======\n  b: 2\n>>>>>>> theirs\n", "line 3: "),
        ("<<<<<<< HEAD\na: 1\n=======\na: 2\n>>>>>>> theirs\n", "line 2: "),
        ("a: [1, 2\nb: 3\n", "line 2: "),
        ("a: 'b\n", "line 2: while scanning a quoted scalar: found unexpected end of stream"),
        ("\0" * 1000, "unacceptable character #x0000: special characters are not allowed"),
        ("a: \x1b[31m\n", "unacceptable character #x001b: special characters are not allowed"),
    ],
)  # fmt: skip
def test_what_is_not_yaml_is_one_line_with_its_place(file, text, says):
    file.write_text(text)
    with pytest.raises(UserError) as error:
        yaml12.read(file)
    assert str(error.value).startswith(f"{file}: not valid YAML: {says}")
    assert str(error.value).isprintable()


@pytest.mark.parametrize(
    "text",
    [
        "a: " + "[" * 100_000,
        "a: " + "[" * 100_000 + "]" * 100_000,
        "a: " + "{b: " * 100_000,
        "- " * 10_000,
        "? " * 10_000,
        "\n".join(" " * i + "a:" for i in range(2000)),
    ],
    ids=["lists", "closed lists", "mappings", "items", "keys", "block mappings"],
)
def test_deep_nesting_ends_soon_in_one_line(file, text):
    file.write_text(text)
    start = time.perf_counter()
    with pytest.raises(UserError) as error:
        yaml12.read(file)
    assert str(error.value) == f"{file}: nested too deeply"
    assert time.perf_counter() - start < 10


@pytest.mark.parametrize("content", ["a: 1\n".encode("utf-16"), b"a: caf\xe9\n", bytes(range(128, 256))])
def test_what_is_not_utf_8_is_one_line(file, content):
    file.write_bytes(content)
    with pytest.raises(UserError, match="not UTF-8 text") as error:
        yaml12.read(file)
    assert str(error.value).isprintable()
