"""`dvc.yaml` and the layout against the code: a stage depends on what it reads and no more; imports point down."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest
from clone import REPOSITORY

from comparison.strays import OF_NET
from foundation import yaml12
from foundation.effect_free import EFFECT_FREE
from params import Params, load_params
from results.run import FILES

SRC = REPOSITORY / "src"
PIPELINE = yaml12.read(REPOSITORY / "dvc.yaml")
STAGES = PIPELINE["stages"]
DOORS = [*STAGES, "experiments", "plan", "predict", "side_by_side"]  # what can be run: the stages, and some beside them

# The rooms of src/ and what each may import of the others. A door may import all of them, and no other door.
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
    modules = [module for module in SRC.rglob("*.py") if room(module) not in DOORS]
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


@pytest.mark.parametrize("door", DOORS)
def test_no_stage_imports_a_stage(door):
    assert {room(module) for module in all_imports(SRC / f"{door}.py")} & set(DOORS) == {door}


def test_a_net_imports_nothing_of_the_project():
    for path in set((SRC / "nets").glob("*.py")) - {SRC / "nets/__init__.py"}:
        assert imports(path) == set(), path


@pytest.mark.parametrize("name", ["comparison", "figures", "fetch", "summarize", "compare", "plan"])
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
        expected.add("src/nets/${item.net}.py")
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
    used = {module for door in DOORS for module in all_imports(SRC / f"{door}.py")}
    assert set(SRC.rglob("*.py")) - used == set((SRC / "nets").glob("*.py")) - {SRC / "nets/__init__.py"}


def test_training_does_not_wait_for_the_images_that_are_evaluated_on():
    assert [dep for dep in STAGES["train"]["deps"] if dep.startswith("data")] == ["data/train.npz"]


def test_parameters_are_those_each_stage_reads():
    assert STAGES["fetch"]["params"] == [
        "data.source", "data.sources.${data.source}", "data.evaluate_on", "data.held_out.${data.evaluate_on}",
    ]  # fmt: skip
    assert STAGES["train"]["params"] == ["recipe", "recipes.${recipe}", "nets.${item.net}"]
    assert "params" not in STAGES["evaluate"]
    assert STAGES["summarize"]["params"] == ["seeds"]
    assert STAGES["compare"]["params"] == ["nets", "seeds"]
    for name, stage in STAGES.items():
        assert {key.partition(".")[0] for key in stage.get("params", [])} == keys_read(SRC / f"{name}.py")
    readers = {path.stem for path in SRC.rglob("*.py") if "load_params()" in path.read_text(encoding="utf-8")}
    assert readers - set(DOORS) | readers & STAGES.keys() == {"fetch", "train", "summarize", "compare"}


def keys_read(path: Path) -> set[str]:
    """The keys of params.yaml that `path` takes."""
    nodes = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
    attributes = (node for node in nodes if isinstance(node, ast.Attribute))
    read = {node.attr for node in attributes if ast.unparse(node.value) in ("params", "load_params()")}
    return read & set(Params.model_fields) | ({"recipe", "recipes"} if "chosen_recipe" in read else set())


def test_nothing_depends_on_timing_and_only_data_and_models_are_cached():
    for stage in STAGES.values():
        assert not any(dep == "metrics" or dep.startswith("metrics/timing") for dep in stage["deps"])
        for out in [*stage["outs"], *stage.get("metrics", [])]:
            path, options = (out, {}) if isinstance(out, str) else next(iter(out.items()))
            assert options.get("cache", True) == path.endswith((".npz", ".pt")), path


def test_every_net_has_its_loss_curve_in_the_plot():
    (plot,) = (plot for plot in PIPELINE["plots"] if "Training loss" in plot)
    nets = load_params(REPOSITORY / "params.yaml").nets
    assert plot["Training loss"]["y"] == {f"plots/curves/{name}.csv": "loss" for name in nets}


def test_every_net_is_an_artifact():
    artifacts = {name: artifact["path"] for name, artifact in PIPELINE["artifacts"].items()}
    params = load_params(REPOSITORY / "params.yaml")
    assert artifacts == {name: f"models/{name}/{params.seeds[0]}.pt" for name in params.nets}
    assert all(artifact["type"] == "model" for artifact in PIPELINE["artifacts"].values())


def test_every_run_is_a_train_and_an_evaluate_stage_and_every_net_is_summed_up():
    runs = {"net": "${nets}", "seed": "${seeds}"}
    assert {name: stage.get("matrix") for name, stage in STAGES.items()} == {
        "fetch": None, "train": runs, "evaluate": runs, "summarize": {"net": "${nets}"}, "compare": None,
    }  # fmt: skip


def test_what_a_stage_writes_is_where_the_code_says():
    """`results/run.py` is in no stage's deps, because these names are."""
    of_run = {f"{folder}/${{item.net}}/${{item.seed}}{suffix}" for folder, suffix in FILES.items()}
    assert paths_of("train") | paths_of("evaluate") == of_run
    assert paths_of("summarize") == {f"{folder}/${{item.net}}{suffix}" for folder, suffix in OF_NET.items()}


def paths_of(stage: str) -> set[str]:
    outs = [*STAGES[stage]["outs"], *STAGES[stage].get("metrics", [])]
    return {out if isinstance(out, str) else next(iter(out)) for out in outs}
