"""Every mistake in `params.yaml` gives one line with the key, its value and what is allowed."""

import math

import pytest
from clone import REPOSITORY, Clone
from dvc.utils.serialize import load_yaml

from errors import UserError
from params import Params, load_params

TEXT = (REPOSITORY / "params.yaml").read_text(encoding="utf-8")


@pytest.fixture
def load(tmp_path):
    def load(text: str = TEXT, values: dict[str, object] | None = None) -> Params:
        """The file with `text` and, by dotted keys, other `values` or more of them."""
        path = tmp_path / "params.yaml"
        path.write_text(text, encoding="utf-8")
        if values:
            Clone(tmp_path).set_params(values)
        return load_params(path)

    return load


def test_values_are_passed_on_as_dvc_reads_them():
    params, written = load_params(REPOSITORY / "params.yaml"), load_yaml(REPOSITORY / "params.yaml")
    for name, values in written["recipes"].items():
        recipe = params.recipes[name].model_dump(exclude_none=True, exclude_defaults=True)
        assert recipe.items() <= (values | {"optimizer": recipe["optimizer"]}).items()
        assert params.recipes[name].optimizer.model_dump().items() >= values["optimizer"].items()
    assert [str(run) for run in params.compare.runs][:2] == [
        f"{net}-reference-0" for net in written["compare"]["nets"][:2]
    ]
    assert len({*map(str, params.compare.runs)}) == math.prod(map(len, written["compare"].values()))


@pytest.mark.parametrize(("word", "number"), [("1e-3", 0.001), ("1.0e-3", 0.001), ("010", 10)])
def test_a_number_is_read_as_dvc_reads_it(load, word, number):
    """PyYAML, which follows an older YAML, would read a text and 8."""
    text = TEXT.replace("learning_rate: 0.001", f"learning_rate: {word}")
    assert load(text).recipes["reference"].learning_rate == number


REFERENCE = "recipes.reference"
SOURCE = "data.sources.cifar10"


@pytest.mark.parametrize(
    ("key", "value", "says"),
    [
        ("compare.nets", ["net9"], "no net9; there are net1, net2.*git add"),
        ("compare.nets", ["net1", "net1"], "net1"),
        ("compare.nets", [], "compare.nets"),
        ("compare.recipes", ["slow"], "slow.*modern, quick"),
        ("compare.seeds", [0, -1, -2], r"compare.seeds.1 = -1.* \(and 1 more\)$"),
        ("compare.seeds", 3, "compare.seeds = 3"),
        ("data.source", "mnist", "mnist.*cifar10, digits"),
        ("data.evaluate_on", "train", "evaluate_on = 'train'.*'test' or 'validation'"),
        (f"{SOURCE}.format", "zip", "format = 'zip': .*'cifar10', 'image-folders' or 'sklearn-digits'"),
        (f"{SOURCE}.sha256", 0, "sha256 = 0"),
        (f"{SOURCE}.class_names.airplane", "<b>", "airplane = '<b>'"),
        (f"{SOURCE}.class_names.airplane", "\x1b[31m", r"airplane = '\\x1b"),
        (f"{SOURCE}.class_names.airplane", "car", "car is listed twice"),
        (f"{REFERENCE}.batch_size", 0, "recipes.reference.batch_size = 0: .*greater than 0"),
        (f"{REFERENCE}.learning_rate", float("nan"), "learning_rate = nan: .*finite"),
        (f"{REFERENCE}.augmentation", {"flip": True}, "augmentation.flip = True"),
        (f"{REFERENCE}.lr", 0.1, "recipes.reference: unknown key lr; allowed are optimizer"),
        (f"{REFERENCE}.optimizer", {"name": "adam"}, "optimizer: .*'adam'.*'sgd', 'adamw'"),
        (f"{REFERENCE}.optimizer", {"name": "adamw", "momentum": 0.9}, "optimizer.adamw: unknown key momentum"),
        (f"{REFERENCE}.optimizer", {"name": "sgd", "nesterov": True}, "nesterov needs a momentum"),
        (f"{REFERENCE}.schedule", {"name": "one-cycle"}, "schedule.one-cycle.warm_up: field required"),
        (f"{REFERENCE}.augmentation", {"shift": 32}, "augmentation.shift = 32: .*less than 32"),
        ("recipes.Slow!", {}, "recipes.Slow!"),
        ("seeds", [1], "unknown key seeds; allowed are compare, recipes, data"),
    ],
)
def test_a_mistake_is_one_line_with_key_value_and_what_is_allowed(load, key, value, says):
    with pytest.raises(UserError, match=rf"params\.yaml: .*{says}") as error:
        load(values={key: value})
    assert str(error.value).isprintable()


@pytest.mark.parametrize("text", ["", "[1, 2]", "a: 1\na: 2", "a: [1", "a:\n<<<<<<< HEAD\n  b: 1\n=======\n", "a: \0"])
def test_a_file_without_parameters_is_one_line(load, text):
    with pytest.raises(UserError, match=r"params\.yaml: ") as error:
        load(text)
    assert "\n" not in str(error.value)


def test_no_file_and_no_utf_8_are_one_line(tmp_path):
    with pytest.raises(UserError, match="top of the repository"):
        load_params(tmp_path / "params.yaml")
    (tmp_path / "params.yaml").write_bytes(b"a: caf\xe9\n")
    with pytest.raises(UserError, match=r"params\.yaml"):
        load_params(tmp_path / "params.yaml")


@pytest.mark.parametrize("name", ["T-shirt/top", "jack-o'-lantern", "tench, Tinca tinca", "C++", "самолёт", "飛行機"])
def test_a_class_may_be_called_so_in_any_language(load, name):
    names = load(values={f"{SOURCE}.class_names.airplane": name}).data.sources["cifar10"].class_names
    assert names["airplane"] == name
