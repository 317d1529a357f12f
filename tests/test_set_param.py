"""`params.yaml` stands as DVC writes it, so that `dvc exp run -S` changes the lines that were meant and no other."""

import difflib
import shutil
from pathlib import Path

import pytest
from clone import REPOSITORY
from dvc.utils.hydra import apply_overrides

from params import load_params

PARAMS = load_params(REPOSITORY / "params.yaml")


@pytest.fixture
def changed(tmp_path):
    """The lines that `-S` of some values takes out of params.yaml and puts in."""

    def changed(*overrides: str) -> tuple[list[str], list[str]]:
        path = Path(shutil.copy(REPOSITORY / "params.yaml", tmp_path))
        before = path.read_text(encoding="utf-8").splitlines()
        apply_overrides(path, list(overrides))  # what `-S` does with a file of parameters
        lines = list(difflib.ndiff(before, path.read_text(encoding="utf-8").splitlines()))
        return tuple([line[2:].strip() for line in lines if line.startswith(sign)] for sign in "-+")

    return changed


def test_a_value_that_is_set_to_what_it_is_changes_no_byte(changed):
    assert changed(f"recipe={PARAMS.recipe}", f"seeds={PARAMS.seeds}", f"data.source={PARAMS.data.source}") == ([], [])


def test_only_the_lines_of_changed_values_change(changed):
    recipe = PARAMS.recipes[PARAMS.recipe]
    key = f"recipes.{PARAMS.recipe}.batch_size"
    assert changed(f"{key}=77", f"seeds={[*PARAMS.seeds, 99]}") == (
        [f"batch_size: {recipe.batch_size}"],
        ["- 99", "batch_size: 77"],
    )


def test_a_new_key_of_a_recipe_stands_with_its_others(changed):
    assert changed(f"+recipes.{PARAMS.recipe}.cutout=8") == ([], ["cutout: 8"])
