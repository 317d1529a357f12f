"""Every mistake in `params.yaml` gives one line with the key, its value and what is allowed."""

# ruff: noqa: E501

import re
import runpy
import sys

import pytest
from clone import REPOSITORY
from ruamel.yaml import YAML

from foundation.errors import UserError
from params import load_params

TEXT = (REPOSITORY / "params.yaml").read_text(encoding="utf-8")


@pytest.fixture
def load(tmp_path):
    def load(text: str):
        path = tmp_path / "params.yaml"
        path.write_text(text, encoding="utf-8")
        return load_params(path)

    return load


def with_value(key: str, value: str) -> str:
    """The repository's params.yaml with the first `key:` given `value`."""
    text, count = re.subn(rf"^(\s*){key}:.*$", rf"\g<1>{key}: {value}", TEXT, count=1, flags=re.MULTILINE)
    assert count == 1
    return text


def test_values_are_passed_on_as_they_stand(load):
    params = load(TEXT)
    assert params.chosen_recipe.model_dump() == {
        "name": "reference",
        "learning_rate": 0.001,
        "momentum": 0.9,
        "weight_decay": 0.0,
        "batch_size": 5,
        "epochs": 5,
        "log_every": 1000,
    }
    written = YAML(typ="safe").load(TEXT)["recipes"]
    assert {name: recipe.model_dump() for name, recipe in params.recipes.items()} == written
    ablation = load(TEXT.replace("  net3:\n", "  net3:\n    batch_norm: false\n"))
    assert (params.nets["net3"].settings, ablation.nets["net3"].settings) == ({}, {"batch_norm": False})
    assert list(params.data.sources["cifar10"].class_names.values()) == (
        ["plane", "car", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"]
    )


def test_numbers_are_read_as_dvc_reads_them(load):
    """PyYAML takes 1e-3 for text; DVC, and so this, for a number."""
    assert load(with_value("learning_rate", "1e-3")).recipes["reference"].learning_rate == 0.001


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (with_value("recipe", "slow"), "recipe = 'slow': no such entry; allowed are reference, modern, quick"),
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
        (with_value("onednn", "yes please"), "nets.net1.onednn = 'yes please': input should be a valid boolean"),
        (with_value("threads", "0"), "nets.net1.threads = 0: input should be greater than 0"),
        (with_value("md5", "abc"), "data.sources.cifar10.md5 = 'abc': string should match pattern '^[0-9a-f]{32}$'"),
        (with_value("format", "zip"), "data.sources.cifar10.format = 'zip': allowed are 'cifar10-python', 'image-folders', 'sklearn-digits'"),
        (TEXT.replace("  reference:", "  Reference!:"), "recipes.Reference! = 'Reference!': string should match pattern"),
        (TEXT.replace("    weight_decay: 0.0\n", "", 1), "recipes.reference.weight_decay: field required"),
        (TEXT.replace("momentum: 0.9", "momentum: 0.9\n    lr: 0.1", 1), "recipes.reference.lr = 0.1: unknown key; allowed are optimizer, learning_rate"),
        (TEXT + "\nsede: 1\n", "sede = 1: unknown key; allowed are recipe, seed, recipes, nets, data"),
        (TEXT + "\nseed: 1\n", 'not valid YAML: while constructing a mapping'),
        (TEXT + "\n  - [", "not valid YAML: "),
        ("", "None: input should be a valid dictionary"),
        ("[1, 2]", "[1, 2]: input should be a valid dictionary"),
        (TEXT.encode("utf-16"), "not UTF-8 text"),
        (TEXT.encode() + b"# caf\xe9\n", "not UTF-8 text"),
        (TEXT.replace("log_every: 1000", "log_every:\t1000"), "not valid YAML: "),
        (with_value("recipe", "[reference]"), "recipe = ['reference']: input should be a valid string"),
        (with_value("learning_rate", "null"), "recipes.reference.learning_rate = None: input should be a valid number"),
        (with_value("learning_rate", ".inf"), "recipes.reference.learning_rate = inf: input should be a finite number"),
        (with_value("weight_decay", "-1"), "recipes.reference.weight_decay = -1: input should be greater than or equal to 0"),
        (with_value("log_every", "1_0x"), "recipes.reference.log_every = '1_0x': input should be a valid integer"),
        (with_value("seed", "true"), "seed = True: input should be a valid integer"),
        (with_value("threads", "two"), "nets.net1.threads = 'two': input should be a valid integer"),
        (with_value("lossless", "1"), "data.sources.cifar10.lossless = 1: input should be a valid boolean"),
        (with_value("bytes", "170 MB"), "data.sources.cifar10.bytes = '170 MB': input should be a valid integer"),
        (re.sub(r"(?ms)^nets:.*?^# The images", "nets: {}\n\n# The images", TEXT), "nets = {}: dictionary should have at least 1 item"),
        (TEXT.replace("https://zenodo", "ftp://zenodo"), "data.sources.cifar10.urls.0 = 'ftp://zenodo"),
        (TEXT.replace("  net1:\n", "  actual:\n"), "nets = {'actual': "),
        (TEXT.replace("  net1:\n", "  ../net1:\n"), "nets.../net1 = '../net1': string should match pattern"),
    ],
)  # fmt: skip
def test_a_mistake_ends_the_stage_with_one_line(text, says, tmp_path, monkeypatch, capsys):
    """As `python src/fetch.py` runs, in this process."""
    (tmp_path / "params.yaml").write_bytes(text if isinstance(text, bytes) else text.encode())
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["fetch.py"])
    with pytest.raises(SystemExit) as exit_:
        runpy.run_path(str(REPOSITORY / "src/fetch.py"), run_name="__main__")
    line = exit_.value.code  # which Python prints on stderr, with status 1
    assert line.startswith(f"error: params.yaml: {says}")
    assert "\n" not in line
    assert capsys.readouterr() == ("", "")
    assert [path.name for path in tmp_path.iterdir()] == ["params.yaml"]


def with_recipe(**values: object) -> str:
    """params.yaml with a recipe `mine` of these values and what it needs."""
    needed = {"learning_rate": 0.1, "weight_decay": 0.0, "batch_size": 5, "epochs": 1, "log_every": 10}
    lines = [f"    {key}: {value}\n" for key, value in (needed | values).items()]
    return TEXT.replace("  reference:", f"  mine:\n{''.join(lines)}  reference:", 1)


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"optimizer": "sgd", "momentum": 0.9, "nesterov": "true"},
        {"optimizer": "adamw"},
        {"optimizer": "adamw", "momentum": 0.0, "nesterov": "false", "schedule": "cosine", "warm_up": 0.0},
        {"schedule": "one-cycle"},
        {"schedule": "one-cycle", "warm_up": 1.0},
        {"flip": "true", "shift": 31, "border": "zero", "cutout": 31},
        {"border": "reflect"},
        {"label_smoothing": 0.99},
    ],
    ids=str,
)
def test_a_recipe_is_taken_and_passed_on_as_it_stands(load, values):
    text = with_recipe(**values)
    recipe = load(text).recipes["mine"]
    assert recipe.model_dump() == YAML(typ="safe").load(text)["recipes"]["mine"]


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"optimizer": "adam"}, "optimizer = 'adam': input should be 'sgd' or 'adamw'"),
        ({"schedule": "step"}, "schedule = 'step': input should be 'constant', 'cosine' or 'one-cycle'"),
        ({"border": "edge", "shift": 4}, "border = 'edge': input should be 'reflect' or 'zero'"),
        ({"optimizer": "adamw", "momentum": 0.9}, "momentum = 0.9: needs optimizer: sgd; without it, leave momentum out"),
        ({"optimizer": "adamw", "nesterov": "true"}, "nesterov = True: needs optimizer: sgd with a momentum above 0; without it, leave nesterov out"),
        ({"nesterov": "true"}, "nesterov = True: needs optimizer: sgd with a momentum above 0"),
        ({"nesterov": "true", "momentum": 0.0}, "nesterov = True: needs optimizer: sgd with a momentum above 0"),
        ({"nesterov": 1, "momentum": 0.9}, "nesterov = 1: input should be a valid boolean"),
        ({"warm_up": 0.2}, "warm_up = 0.2: needs schedule: one-cycle; without it, leave warm_up out"),
        ({"warm_up": 0.2, "schedule": "cosine"}, "warm_up = 0.2: needs schedule: one-cycle"),
        ({"warm_up": 1.1, "schedule": "one-cycle"}, "warm_up = 1.1: input should be less than or equal to 1"),
        ({"warm_up": -0.1, "schedule": "one-cycle"}, "warm_up = -0.1: input should be greater than or equal to 0"),
        ({"border": "zero"}, "border = 'zero': needs a shift above 0; without it, leave border out"),
        ({"label_smoothing": 1.0}, "label_smoothing = 1.0: input should be less than 1"),
        ({"label_smoothing": -0.1}, "label_smoothing = -0.1: input should be greater than or equal to 0"),
        ({"shift": 32}, "shift = 32: input should be less than 32"),
        ({"shift": -1}, "shift = -1: input should be greater than or equal to 0"),
        ({"shift": 4.0}, "shift = 4.0: input should be a valid integer"),
        ({"cutout": 32}, "cutout = 32: input should be less than 32"),
        ({"flip": 0.5}, "flip = 0.5: input should be a valid boolean"),
        ({"epochs": 0}, "epochs = 0: input should be greater than 0"),
    ],
    ids=str,
)  # fmt: skip
def test_a_recipe_that_cannot_be_meant_is_one_line(load, values, says):
    with pytest.raises(UserError, match=rf"params\.yaml: {re.escape(f'recipes.mine.{says}')}[^\n]*$"):
        load(with_recipe(**values))


def test_no_file(tmp_path):
    with pytest.raises(UserError, match="no such file here; run this from the top of the repository"):
        load_params(tmp_path / "params.yaml")


def test_several_mistakes_are_counted(load):
    with pytest.raises(UserError, match=r"batch_size = 0: .* \(and 1 more\)$"):
        load(TEXT.replace("batch_size: 5", "batch_size: 0").replace("epochs: 5", "epochs: 0"))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (with_value("batch_size", "0"), "error: params.yaml: recipes.reference.batch_size = 0: input should be greater"),
        (with_value("recipe", "slow"), "error: params.yaml: recipe = 'slow': no such entry; allowed are reference, modern, quick"),
        (TEXT + "\nseed: 1\n", "unable to read: 'params.yaml', YAML file structure is corrupted"),  # DVC's own words
    ],
)  # fmt: skip
def test_through_dvc(clone, text, says):
    (clone.path / "params.yaml").write_text(text, encoding="utf-8")
    dvc = clone.run("dvc repro train@net1", check=False)
    assert dvc.returncode != 0
    assert says in dvc.stderr
    assert "Traceback" not in dvc.stderr
