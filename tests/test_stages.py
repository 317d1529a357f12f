"""`dvc.yaml` and the layout against the code: a stage depends on what it reads and no more; imports point down."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest
from clone import REPOSITORY

from foundation import yaml12
from foundation.effect_free import EFFECT_FREE
from params import load_params

SRC = REPOSITORY / "src"
PIPELINE = yaml12.read(REPOSITORY / "dvc.yaml")
STAGES = {name: stage.get("do", stage) for name, stage in PIPELINE["stages"].items()}

# The rooms of src/ and what each may import of the others. A stage may import all of them, and no other stage.
ROOMS = {
    "foundation": set(),
    "params": {"foundation"},
    "images": {"params", "foundation"},
    "results": {"images", "params", "foundation"},
    "nets": {"foundation"},
    "model": {"nets", "results", "images", "foundation"},
    "training": {"images", "params", "foundation"},
    "comparison": {"results", "foundation"},
    "figures": {"results", "params"},
}


def imports(path: Path) -> set[Path]:
    """The project's modules that `path` imports by name, with the packages they lie in."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        else:
            continue
        for name in names:
            parts = name.split(".")
            files = [SRC.joinpath(*parts[:-1], f"{parts[-1]}.py")]
            files += [SRC.joinpath(*parts[:i], "__init__.py") for i in range(1, len(parts) + 1)]
            found |= {file for file in files if file.exists()}
    return found


def all_imports(path: Path) -> set[Path]:
    seen, todo = set(), {path}
    while todo:
        module = todo.pop()
        seen.add(module)
        todo |= imports(module) - seen
    return seen


def room(module: Path) -> str:
    return module.relative_to(SRC).parts[0].removesuffix(".py")


def has_code(module: Path) -> bool:
    """Whether there is more in `module` than a docstring."""
    return len(ast.parse(module.read_text(encoding="utf-8")).body) > 1


def can_change_bytes(module: Path) -> bool:
    return has_code(module) and module.relative_to(SRC).as_posix() not in EFFECT_FREE


def test_no_room_imports_what_stands_above_it():
    modules = [module for module in SRC.rglob("*.py") if room(module) not in STAGES]
    assert {room(module) for module in modules} == set(ROOMS)
    for module in modules:
        others = {room(other) for other in imports(module)} - {room(module)}
        assert others <= ROOMS[room(module)], module


def test_the_rooms_stand_on_each_other_without_a_circle():
    placed = set()
    while len(placed) < len(ROOMS):
        on_ground = {name for name, below in ROOMS.items() if name not in placed and below <= placed}
        assert on_ground
        placed |= on_ground


@pytest.mark.parametrize("stage", STAGES)
def test_no_stage_imports_a_stage(stage):
    assert {room(module) for module in all_imports(SRC / f"{stage}.py")} & STAGES.keys() == {stage}


def test_a_net_imports_nothing_of_the_project():
    for path in set((SRC / "nets").glob("*.py")) - {SRC / "nets/__init__.py"}:
        assert imports(path) == set(), path


@pytest.mark.parametrize("name", ["comparison", "figures", "fetch", "compare"])
def test_what_compares_and_draws_never_loads_torch(name):
    """Seen in a process of its own, because a library may load it too."""
    modules = [SRC / f"{name}.py"] if (SRC / f"{name}.py").exists() else (SRC / name).glob("*.py")
    names = [".".join(module.relative_to(SRC).with_suffix("").parts).removesuffix(".__init__") for module in modules]
    program = f"import sys, {', '.join(names)}; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], cwd=SRC).returncode == 0


@pytest.mark.parametrize("stage", STAGES)
def test_code_dependencies_are_the_modules_that_can_change_the_result(stage):
    declared = {dep for dep in STAGES[stage]["deps"] if dep.startswith("src/")}
    expected = {module for module in all_imports(SRC / f"{stage}.py") if can_change_bytes(module)}
    expected = {module.relative_to(REPOSITORY).as_posix() for module in expected}
    if "src/nets/__init__.py" in expected:  # which loads the net's file by name
        expected.add("src/nets/${item.architecture}.py")
    for folder in {dep for dep in declared if (REPOSITORY / dep).is_dir()}:
        inside = {path.relative_to(REPOSITORY).as_posix() for path in (REPOSITORY / folder).glob("*.py")}
        unused = {name for name in inside if has_code(REPOSITORY / name)} - expected
        assert unused == set(), f"{stage} depends on all of {folder}"
        expected = expected - inside | {folder}
    assert declared == expected


def test_training_and_evaluation_depend_on_files_because_each_hour_counts():
    for stage in ("train", "evaluate"):
        assert all(Path(dep).suffix for dep in STAGES[stage]["deps"])


def test_effect_free_modules_exist_and_are_used():
    used = {module.relative_to(SRC).as_posix() for stage in STAGES for module in all_imports(SRC / f"{stage}.py")}
    assert used >= EFFECT_FREE.keys()


def test_no_module_is_unused_but_the_nets():
    used = {module for stage in STAGES for module in all_imports(SRC / f"{stage}.py")}
    assert set(SRC.rglob("*.py")) - used == set((SRC / "nets").glob("*.py")) - {SRC / "nets/__init__.py"}


def test_training_does_not_wait_for_the_images_that_are_evaluated_on():
    assert [dep for dep in STAGES["train"]["deps"] if dep.startswith("data")] == ["data/train.npz"]


def test_parameters_are_those_each_stage_reads():
    assert STAGES["fetch"]["params"] == [
        "data.source", "data.sources.${data.source}", "data.evaluate_on", "data.held_out.${data.evaluate_on}",
    ]  # fmt: skip
    assert STAGES["train"]["params"] == ["seed", "recipe", "recipes.${recipe}", "nets.${key}"]
    assert "params" not in STAGES["evaluate"]
    assert STAGES["compare"]["params"] == ["nets"]
    for name, stage in STAGES.items():
        assert {key.partition(".")[0] for key in stage.get("params", [])} == keys_read(SRC / f"{name}.py")
    readers = {path.stem for path in SRC.rglob("*.py") if "load_params()" in path.read_text(encoding="utf-8")}
    assert readers == {"fetch", "train", "compare"}


def keys_read(path: Path) -> set[str]:
    """The keys of params.yaml that `path` takes."""
    nodes = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
    attributes = (node for node in nodes if isinstance(node, ast.Attribute))
    read = {node.attr for node in attributes if ast.unparse(node.value) in ("params", "load_params()")}
    return read - {"chosen_recipe"} | ({"recipe", "recipes"} if "chosen_recipe" in read else set())


def test_nothing_depends_on_timing_and_only_data_and_models_are_cached():
    for stage in STAGES.values():
        assert not any(dep == "metrics" or dep.startswith("metrics/timing") for dep in stage["deps"])
        for out in [*stage["outs"], *stage.get("metrics", [])]:
            cached = isinstance(out, str)
            path = out if cached else next(iter(out))
            assert cached == path.endswith((".npz", ".pt")), path


def test_every_net_has_its_loss_curve_in_the_plot():
    (plot,) = (plot for plot in PIPELINE["plots"] if "Training loss" in plot)
    nets = load_params(REPOSITORY / "params.yaml").nets
    assert plot["Training loss"]["y"] == {f"plots/loss/{name}.csv": "loss" for name in nets}


def test_every_net_is_an_artifact():
    artifacts = {name: artifact["path"] for name, artifact in PIPELINE["artifacts"].items()}
    assert artifacts == {name: f"models/{name}.pt" for name in load_params(REPOSITORY / "params.yaml").nets}
    assert all(artifact["type"] == "model" for artifact in PIPELINE["artifacts"].values())
    ignored = (REPOSITORY / "models" / ".gitignore").read_text().split()
    assert ignored == [f"/{name}.pt" for name in artifacts]
