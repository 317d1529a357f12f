"""Every mistake in `params.yaml` gives one line with the key, its value and what is allowed."""

# ruff: noqa: E501

import json
import re
import runpy
import sys

import pytest
import yaml
from clone import REPOSITORY
from dvc.exceptions import ReproductionError
from dvc.repo import Repo

from foundation import yaml12
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
    text, count = re.subn(rf"^(\s*){key}:.*$(\n\s*- .*$)*", rf"\g<1>{key}: {value}", TEXT, count=1, flags=re.MULTILINE)
    assert count == 1
    return text


def with_net(name: str, value: str = "{}") -> str:
    """The same with `name` as its only net."""
    return re.sub(r"(?ms)^nets:\n.*?\n\n", f"nets:\n  {name}: {value}\n\n", TEXT)


def test_values_are_passed_on_as_they_stand(load):
    params, written = load(TEXT), yaml.load(TEXT, yaml12.Loader)
    assert params.chosen_recipe.model_dump() == {"name": written["recipe"], **written["recipes"][written["recipe"]]}
    assert {name: recipe.model_dump() for name, recipe in params.recipes.items()} == written["recipes"]
    wide = load(with_net("net3", "{threads: 2, width: 8}")).nets["net3"]
    assert (params.nets["net3"].settings, wide.settings) == ({}, {"width": 8})
    assert (params.nets["net3"].threads, wide.threads) == (1, 2)
    assert list(params.data.sources["cifar10"].class_names.values()) == (
        ["plane", "car", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"]
    )


def test_numbers_are_read_as_dvc_reads_them(load):
    assert load(with_value("learning_rate", "1e-3")).recipes["reference"].learning_rate == 0.001


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (with_value("recipe", "slow"), "recipe = 'slow': no such entry; allowed are reference, modern, quick"),
        (with_value("source", "mnist"), "data.source = 'mnist': no such entry; allowed are cifar10, cifar10-jpeg, digits"),
        (with_net("net9"), "nets.net9 = {}: there is no src/nets/net9.py; there are net1, net2, net3, net3_no_bn"),
        (with_value("batch_size", "0"), "recipes.reference.batch_size = 0: input should be greater than 0"),
        (with_value("batch_size", "5.0"), "recipes.reference.batch_size = 5.0: input should be a valid integer"),
        (with_value("batch_size", "true"), "recipes.reference.batch_size = True: input should be a valid integer"),
        (with_value("learning_rate", "-0.1"), "recipes.reference.learning_rate = -0.1: input should be greater than 0"),
        (with_value("learning_rate", "fast"), "recipes.reference.learning_rate = 'fast': input should be a valid number"),
        (with_value("learning_rate", ".nan"), "recipes.reference.learning_rate = nan: input should be a finite number"),
        (with_value("momentum", "1.0"), "recipes.reference.momentum = 1.0: input should be less than 1"),
        (with_value("epochs", "[5]"), "recipes.reference.epochs = [5]: input should be a valid integer"),
        (with_value("seeds", "[0, -1]"), "seeds.1 = -1: input should be greater than or equal to 0"),
        (with_value("seeds", "[]"), "seeds = []: list should have at least 1 item"),
        (with_value("seeds", "[3, 1, 3]"), "seeds = [3, 1, 3]: each seed can stand there only once"),
        (with_value("seeds", "3"), "seeds = 3: input should be a valid list"),
        (with_net("net1", "{onednn_from: yes please}"), "nets.net1.onednn_from = 'yes please': input should be a valid integer"),
        (with_net("net1", "{onednn_from: 0}"), "nets.net1.onednn_from = 0: input should be greater than 0"),
        (with_net("net1", "{threads: 0}"), "nets.net1.threads = 0: input should be greater than 0"),
        (with_value("md5", "abc"), "data.sources.cifar10.md5 = 'abc': string should match pattern '^[0-9a-f]{32}$'"),
        (with_value("format", "zip"), "data.sources.cifar10.format = 'zip': allowed are 'cifar10-python', 'image-folders', 'sklearn-digits'"),
        (TEXT.replace("  reference:", "  Reference!:"), "recipes.Reference! = 'Reference!': string should match pattern"),
        (TEXT.replace("    weight_decay: 0.0\n", "", 1), "recipes.reference.weight_decay: field required"),
        (TEXT.replace("momentum: 0.9", "momentum: 0.9\n    lr: 0.1", 1), "recipes.reference.lr = 0.1: unknown key; allowed are optimizer, learning_rate"),
        (TEXT + "\nsede: 1\n", "sede = 1: unknown key; allowed are recipe, seeds, recipes, nets, data"),
        (TEXT + "\nseeds: 1\n", f"not valid YAML: line {TEXT.count(chr(10)) + 2}: the key 'seeds' is there twice"),
        (TEXT + "\n  - [", "not valid YAML: "),
        ("", "nothing in it; `git checkout params.yaml` puts back what is committed"),
        ("# all gone\n", "nothing in it; `git checkout params.yaml` puts back what is committed"),
        ("\0" * 4096, "not valid YAML: unacceptable character #x0000"),
        ("[1, 2]", "[1, 2]: input should be a valid dictionary"),
        (TEXT.encode("utf-16"), "not UTF-8 text"),
        (TEXT.encode() + b"# caf\xe9\n", "not UTF-8 text"),
        (TEXT.replace("log_every: 1000", "log_every:\t1000"), "not valid YAML: "),
        (with_value("recipe", "[reference]"), "recipe = ['reference']: input should be a valid string"),
        (with_value("learning_rate", "null"), "recipes.reference.learning_rate = None: input should be a valid number"),
        (with_value("learning_rate", ".inf"), "recipes.reference.learning_rate = inf: input should be a finite number"),
        (with_value("weight_decay", "-1"), "recipes.reference.weight_decay = -1: input should be greater than or equal to 0"),
        (with_value("log_every", "1_0x"), "recipes.reference.log_every = '1_0x': input should be a valid integer"),
        (with_value("seeds", "[true]"), "seeds.0 = True: input should be a valid integer"),
        (with_value("evaluate_on", "train"), "data.evaluate_on = 'train': input should be 'test' or 'validation'"),
        (with_value("test", "100"), "data.held_out.test = 100: input should be 0"),
        (with_value("validation", "0"), "data.held_out.validation = 0: input should be greater than 0"),
        (with_value("validation", "0.1"), "data.held_out.validation = 0.1: input should be a valid integer"),
        (with_net("net1", "{threads: two}"), "nets.net1.threads = 'two': input should be a valid integer"),
        (with_value("lossless", "1"), "data.sources.cifar10.lossless = 1: input should be a valid boolean"),
        (with_value("bytes", "170 MB"), "data.sources.cifar10.bytes = '170 MB': input should be a valid integer"),
        (re.sub(r"(?ms)^nets:\n.*?\n\n", "nets: {}\n\n", TEXT), "nets = {}: dictionary should have at least 1 item"),
        (TEXT.replace("https://zenodo", "ftp://zenodo"), "data.sources.cifar10.urls.0 = 'ftp://zenodo"),
        (with_net("../net1"), "nets.../net1 = '../net1': string should match pattern"),
        (with_net('"$(touch pwned)"'), "nets.$(touch pwned) = '$(touch pwned)': string should match pattern"),
        (with_net(r'"\\e[31mnet\\n1"'), r"nets.'\x1b[31mnet\n1' = '\x1b[31mnet\n1': string should match pattern"),
        (with_net("1"), "nets.1 = 1: input should be a valid string"),
        (TEXT + '\n"se\\e[1m\\nde": 1\n', r"'se\x1b[1m\nde' = 1: unknown key; allowed are recipe"),
        (TEXT + f"\n? {'k' * 5000}\n: 1\n", f"'{'k' * 56}... = 1: unknown key; allowed are recipe"),
        (with_value("seeds", "2026-02-30"), "not valid YAML: line 6: this is no timestamp: day is out of range for month"),
        (with_value("seeds", "2026-01-31"), "seeds = datetime.date(2026, 1, 31): input should be a valid list"),
        (with_value("seeds", "9" * 5000), "not valid YAML: line 6: this is no int: Exceeds the limit (4300 digits)"),
        (with_value("seeds", "0x" + "f" * 5000), "not valid YAML: line 6: this is no int: Exceeds the limit (4300 digits)"),
        (with_value("seeds", f"[{'9' * 4000}]"), f"seeds.0 = {'9' * 57}...: input should be less than 9223372036854775808"),
        (with_value("learning_rate", "9" * 5000 + ".0"), "recipes.reference.learning_rate = inf: input should be a finite number"),
        (with_value("learning_rate", "9" * 4000), f"recipes.reference.learning_rate = {'9' * 57}...: input should be a "),
        (with_value("seeds", "[" * 150 + "]" * 150), f"seeds.0 = {'[' * 57}...: input should be a valid integer"),
        (with_value("seeds", "[" * 100_000), "nested too deeply"),
        (with_value("seeds", "{a: " * 100_000), "nested too deeply"),
        (with_value("seeds", "0\n<<<<<<< HEAD\nrecipe: quick\n=======\nrecipe: slow\n>>>>>>> theirs"), "not valid YAML: line 8: "),
        (TEXT.replace("  net2: {}\n", "<<<<<<< HEAD\n  net2: {}\n=======\n  net2: {threads: 4}\n>>>>>>> theirs\n"), "not valid YAML: line "),
        (re.sub("https://zenodo.*", r'"https://zen\\nodo"', TEXT), r"data.sources.cifar10.urls.0 = 'https://zen\nodo'"),
        (TEXT.replace("automobile: car", "automobile: plane"), "data.sources.cifar10.class_names.automobile = 'plane': so is airplane; to merge them, put the images of both into one folder"),
        (TEXT.replace("airplane:", "../airplane:"), "data.sources.cifar10.class_names.../airplane = '../airplane': string should match pattern"),
        (TEXT.replace("airplane: plane", "airplane: <b>"), "data.sources.cifar10.class_names.airplane = '<b>': string should match pattern"),
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
    assert recipe.model_dump() == yaml.load(text, yaml12.Loader)["recipes"]["mine"]


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


def with_first_class(folder: str, shown: str) -> str:
    """The repository's params.yaml with these in place of `airplane: plane`."""
    return TEXT.replace("airplane: plane", f"{json.dumps(folder)}: {json.dumps(shown)}")


@pytest.mark.parametrize(
    "name",
    [
        *[
            "plane",
            "0",
            "true",
            "NA",
            "T-shirt/top",
            "jack-o'-lantern",
            "tench, Tinca tinca",
            "C++",
            "3.5 mm (new)",
            "a_1",
        ],
        *[
            "Ærøskøbing",
            "самолёт",
            "飛行機",
            "비행기",
            "हवाई जहाज़",
            "เครื่องบิน",
            "طائرة",
            "می\u200cخواهم",
            "e\u0301",
            "x" * 60,
        ],
    ],
)
def test_a_class_may_be_called_so_in_any_language(load, name):
    assert load(with_first_class("airplane", name)).data.sources["cifar10"].class_names["airplane"] == name


@pytest.mark.parametrize(
    "name",
    [
        *[
            "</script><script>alert(1)</script>",
            "<img src=x onerror=alert(1)>",
            "a<!--",
            "&lt;b&gt;",
            "＜b＞",
            "{a}",
            "${a}",
            "$a",
        ],
        *[
            "a|b",
            "`a`",
            "*a*",
            "[a](b)",
            "a\\b",
            "a~b",
            'a"b',
            "#a",
            "a:b",
            "http://a",
            "a;b",
            "a!b",
            "=1+2",
            "-a",
            "+a",
            "@a",
        ],
        *[
            "",
            " ",
            " a",
            "a\nb",
            "a\tb",
            "\x1b[31ma",
            "a\x00b",
            "a\x85b",
            "a\u202eb",
            "a\u2028b",
            "a\xa0b",
            "a☺",
            "x" * 61,
        ],
    ],
)
def test_a_class_cannot_be_called_what_may_become_markup_or_hide_itself(load, name):
    with pytest.raises(UserError, match=r"class_names\.airplane = .* string should match pattern") as error:
        load(with_first_class("airplane", name))
    assert str(error.value).isprintable()


@pytest.mark.parametrize(
    "folder", ["n02691156 (air-plane)", "<plane>", "a|b & c", "l'avion", "飛行機", "a.b", "a..", " "]
)
def test_a_class_folder_may_be_called_as_it_is_on_disk(load, folder):
    assert next(iter(load(with_first_class(folder, "plane")).data.sources["cifar10"].class_names)) == folder


@pytest.mark.parametrize(
    "folder", ["..", ".", ".hidden", "../a", "a/b", "/a", "a\\b", "", "a\nb", "\x1b[31ma", "a\x00", "a\x85b"]
)
def test_a_class_folder_lies_beside_the_others(load, folder):
    with pytest.raises(UserError, match=r"class_names.* string should match pattern") as error:
        load(with_first_class(folder, "plane"))
    assert str(error.value).isprintable()


def test_several_mistakes_are_counted(load):
    with pytest.raises(UserError, match=r"batch_size = 0: .* \(and 1 more\)$"):
        load(re.sub(r"epochs: \d+", "epochs: 0", with_value("batch_size", "0"), count=1))


HOSTILE = [
    *["$(touch pwned)", "`touch pwned`", "a; touch pwned", "a && touch pwned", "a & touch pwned &", "a | touch pwned"],
    *["a' ; touch pwned; '", 'a" ; touch pwned; "', "\\'; touch pwned; #", "\\'\"; touch pwned; #", "> pwned"],
    *["a\ntouch pwned\n", "a'\ntouch pwned\n'", 'a"\ntouch pwned\n"', "a\\", "a b", "~root", "$HOME", "{a,b}"],
    *["${recipe}", "-x", "--device"],
]


@pytest.mark.parametrize("stage", ["train", "evaluate"])
def test_no_shell_runs_what_a_net_is_called(clone, stage, monkeypatch):
    """Each name reaches the stage as it is, in one argument that is no option, and nothing else happens."""
    nets = {name: {} for name in HOSTILE}
    data = {"source": "a", "sources": {"a": {}}, "evaluate_on": "test", "held_out": {"test": 0}}
    params = {"seeds": [0], "recipe": "a", "recipes": {"a": {}}, "nets": nets, "data": data}
    (clone.path / "params.yaml").write_text(json.dumps(params))
    (clone.path / "src" / f"{stage}.py").write_text(
        "import json, sys; print(json.dumps(sys.argv[1:]), file=open('seen', 'a')); sys.exit(1)"
    )
    of_nets = [path.format(name) for name in HOSTILE for path in ("models/{}/0.pt", "src/nets/{}.py")]
    for missing in ["data/train.npz", "data/test.npz", *of_nets]:
        (clone.path / missing).parent.mkdir(parents=True, exist_ok=True)
        (clone.path / missing).touch()
    before = sorted(path.name for path in clone.path.iterdir())
    monkeypatch.setenv("PATH", clone.environment()["PATH"])
    monkeypatch.chdir(clone.path)
    with Repo() as repo, pytest.raises(ReproductionError):
        repo.reproduce(stage, single_item=True, on_error="keep-going")
    assert sorted(path.name for path in clone.path.iterdir()) == sorted([*before, "seen"])
    seen = [json.loads(line) for line in (clone.path / "seen").read_text().splitlines()]
    assert sorted(seen) == sorted([f"{stage}@{name}-0"] for name in HOSTILE)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (with_value("batch_size", "0"), "error: params.yaml: recipes.reference.batch_size = 0: input should be greater"),
        (with_value("recipe", "slow"), "error: params.yaml: recipe = 'slow': no such entry; allowed are reference, modern, quick"),
        (TEXT + "\nseeds: 1\n", "unable to read: 'params.yaml', YAML file structure is corrupted"),  # DVC's own words
    ],
)  # fmt: skip
def test_through_dvc(clone, text, says):
    (clone.path / "params.yaml").write_text(text, encoding="utf-8")
    dvc = clone.run("dvc repro train@net1-0", check=False)
    assert dvc.returncode != 0
    assert says in dvc.stderr
    assert "Traceback" not in dvc.stderr
