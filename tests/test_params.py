"""Every mistake in `params.yaml` gives one line with the key, its value and what is allowed."""

# ruff: noqa: E501

import re

import pytest
from conftest import REPOSITORY

from errors import UserError
from params import load_params

TEXT = (REPOSITORY / "params.yaml").read_text(encoding="utf-8")


@pytest.fixture
def load(tmp_path):
    def load(text: str | bytes):
        path = tmp_path / "params.yaml"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return load_params(path)

    return load


def with_value(key: str, value: str) -> str:
    """The repository's params.yaml with the first `key:` given `value`."""
    text, count = re.subn(rf"^(\s*){key}:.*$", rf"\g<1>{key}: {value}", TEXT, count=1, flags=re.MULTILINE)
    assert count == 1
    return text


def test_values_are_passed_on_as_they_stand(load):
    params = load(TEXT)
    reference = params.recipes["reference"]
    assert reference.model_dump() == {
        "learning_rate": 0.001,
        "momentum": 0.9,
        "weight_decay": 0.0,
        "batch_size": 5,
        "epochs": 5,
        "log_every": 1000,
    }
    assert params.nets["net3_no_bn"].settings == {"batch_norm": False}
    assert list(params.data.sources["cifar10"].class_names.values()) == (
        ["plane", "car", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"]
    )


def test_numbers_are_read_as_dvc_reads_them(load):
    """PyYAML takes 1e-3 for text; DVC, and so this, for a number."""
    assert load(with_value("learning_rate", "1e-3")).recipes["reference"].learning_rate == 0.001


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (with_value("recipe", "slow"), "recipe = 'slow': no such entry; allowed are reference, quick"),
        (with_value("source", "mnist"), "data.source = 'mnist': no such entry; allowed are cifar10, cifar10-jpeg, digits"),
        (with_value("architecture", "net9"), "nets.net1.architecture = 'net9': no such file in src/nets; allowed are net1, net2, net3"),
        (with_value("batch_size", "0"), "recipes.reference.batch_size = 0: input should be greater than 0"),
        (with_value("batch_size", "5.0"), "recipes.reference.batch_size = 5.0: input should be a valid integer"),
        (with_value("batch_size", "true"), "recipes.reference.batch_size = True: input should be a valid integer"),
        (with_value("learning_rate", "-0.1"), "recipes.reference.learning_rate = -0.1: input should be greater than 0"),
        (with_value("learning_rate", "fast"), "recipes.reference.learning_rate = 'fast': input should be a valid number"),
        (with_value("learning_rate", ".nan"), "recipes.reference.learning_rate = nan: input should be a finite number"),
        (with_value("momentum", "1.0"), "recipes.reference.momentum = 1.0: input should be less than 1"),
        (with_value("epochs", "[5]"), "recipes.reference.epochs = [5]: input should be a valid integer"),
        (with_value("seed", "-1"), "seed = -1: input should be greater than or equal to 0"),
        (with_value("threads", "0"), "nets.net1.threads = 0: input should be greater than 0"),
        (with_value("md5", "abc"), "data.sources.cifar10.md5 = 'abc': string should match pattern '^[0-9a-f]{32}$'"),
        (with_value("format", "zip"), "data.sources.cifar10.format = 'zip': allowed are 'cifar10-python', 'image-folders', 'sklearn-digits'"),
        (TEXT.replace("  reference:", "  Reference!:"), "recipes.Reference! = 'Reference!': string should match pattern"),
        (TEXT.replace("    momentum: 0.9\n", "", 1), "recipes.reference.momentum: field required"),
        (TEXT.replace("momentum: 0.9", "momentum: 0.9\n    lr: 0.1", 1), "recipes.reference.lr = 0.1: unknown key; allowed are learning_rate, momentum"),
        (TEXT + "\nsede: 1\n", "sede = 1: unknown key; allowed are recipe, seed, recipes, nets, data"),
        (TEXT + "\nseed: 1\n", 'not valid YAML: while constructing a mapping'),
        (TEXT + "\n  - [", "not valid YAML: "),
        ("", "None: input should be a valid dictionary"),
        ("[1, 2]", "[1, 2]: input should be a valid dictionary"),
        (TEXT.encode("utf-16"), "not UTF-8 text"),
    ],
)  # fmt: skip
def test_a_mistake_is_named_in_one_line(load, text, says):
    with pytest.raises(UserError) as error:
        load(text)
    line = str(error.value)
    assert "\n" not in line
    assert f"params.yaml: {says}" in line


def test_no_file(tmp_path):
    with pytest.raises(UserError, match="no such file here; run this from the top of the repository"):
        load_params(tmp_path / "params.yaml")


def test_several_mistakes_are_counted(load):
    with pytest.raises(UserError, match=r"batch_size = 0: .* \(and 1 more\)$"):
        load(TEXT.replace("batch_size: 5", "batch_size: 0").replace("epochs: 5", "epochs: 0"))


def test_through_a_stage_and_through_dvc(clone):
    clone.set_params({"recipes.reference.batch_size": 0})
    stage = clone.run("python src/train.py net1", check=False)
    assert stage.returncode == 1
    assert stage.stderr == "error: params.yaml: recipes.reference.batch_size = 0: input should be greater than 0\n"
    dvc = clone.run("dvc repro fetch", check=False)
    assert dvc.returncode != 0
    assert "recipes.reference.batch_size = 0" in dvc.stderr
    assert "Traceback" not in dvc.stderr
