"""`dvc.yaml` against the code: what each stage depends on is what it reads, and no more (the design's invariants)."""

import ast
from pathlib import Path

import pytest
from clone import REPOSITORY
from ruamel.yaml import YAML

from params import load_params

SRC = REPOSITORY / "src"
PIPELINE = YAML(typ="safe").load(REPOSITORY / "dvc.yaml")
STAGES = {name: stage.get("do", stage) for name, stage in PIPELINE["stages"].items()}

# Modules that cannot change the bytes a stage writes, and so are no dependency: tidying them reruns nothing.
NO_EFFECT = {
    "atomic.py": "writes the bytes it is given",
    "errors.py": "words for the user",
    "validation.py": "refuses values, changes none",
    "params.py": "passes values on as they stand in params.yaml, where DVC tracks them itself, but for one default",
    "progress.py": "shows how far training is",
    "lock.py": "lets a stage run or not",
    "resume.py": "goes on to the same bytes, or does not go on",
    "download.py": "finds bytes that are accepted only when they are the pinned ones",
}


def imports(path: Path) -> set[Path]:
    """The project's modules that `path` imports by name."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        else:
            continue
        found |= {file for name in names if (file := SRC / f"{name.replace('.', '/')}.py").exists()}
    return found


def all_imports(path: Path) -> set[Path]:
    seen, todo = set(), {path}
    while todo:
        module = todo.pop()
        seen.add(module)
        todo |= imports(module) - seen
    return seen


@pytest.mark.parametrize("stage", STAGES)
def test_code_dependencies_are_the_modules_that_can_change_the_result(stage):
    declared = {dep for dep in STAGES[stage]["deps"] if dep.startswith("src/")}
    modules = {module.relative_to(REPOSITORY).as_posix() for module in all_imports(SRC / f"{stage}.py")}
    expected = {module for module in modules if module.removeprefix("src/") not in NO_EFFECT}
    templates = {module.replace(".py", ".html.jinja") for module in modules}
    expected |= {template for template in templates if (REPOSITORY / template).exists()}
    if "src/architecture.py" in modules:  # which loads the architecture by name
        expected.add("src/nets/${item.architecture}.py")
    assert declared == expected


def test_modules_said_to_have_no_effect_exist_and_are_used():
    used = {module.relative_to(SRC).as_posix() for stage in STAGES for module in all_imports(SRC / f"{stage}.py")}
    assert used >= NO_EFFECT.keys()


def test_no_module_is_unused_but_the_nets():
    used = {module for stage in STAGES for module in all_imports(SRC / f"{stage}.py")}
    assert set(SRC.rglob("*.py")) - used == set((SRC / "nets").glob("*.py"))


def test_training_cannot_see_the_test_images():
    assert "data/test.npz" not in STAGES["train"]["deps"]
    assert "test.npz" not in (SRC / "train.py").read_text(encoding="utf-8")


def test_parameters_are_those_each_stage_reads():
    assert STAGES["fetch"]["params"] == ["data.source", "data.sources.${data.source}"]
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
    return {node.attr for node in attributes if ast.unparse(node.value) in ("params", "load_params()")}


def test_nothing_depends_on_timing_and_only_data_and_models_are_cached():
    for stage in STAGES.values():
        assert not any(dep.startswith("metrics/timing") for dep in stage["deps"])
        for out in [*stage["outs"], *stage.get("metrics", [])]:
            cached = isinstance(out, str)
            path = out if cached else next(iter(out))
            assert cached == path.endswith((".npz", ".pt")), path


def test_every_net_is_an_artifact():
    artifacts = {name: artifact["path"] for name, artifact in PIPELINE["artifacts"].items()}
    assert artifacts == {name: f"models/{name}.pt" for name in load_params(REPOSITORY / "params.yaml").nets}
    assert all(artifact["type"] == "model" for artifact in PIPELINE["artifacts"].values())
    ignored = (REPOSITORY / "models" / ".gitignore").read_text().split()
    assert ignored == [f"/{name}.pt" for name in artifacts]
