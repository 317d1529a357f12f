"""What is known of a trained net beside its weights."""

from foundation.validation import StrictModel
from images.dataset import Dataset
from params import NamedRecipe


class Normalisation(StrictModel):
    """Images are scaled as (x/255 − mean)/std."""

    mean: float
    std: float


class Description(StrictModel):
    """What made a net's weights. The checkpoint holds it; with its name and settings the net is built again."""

    net: str
    settings: dict[str, object]
    recipe: NamedRecipe
    seed: int
    class_names: list[str]
    normalisation: Normalisation
    dataset: Dataset

    def sorted_dump(self) -> dict[str, object]:
        """Its values, keys sorted at every level."""
        return _sorted(self.model_dump(include=set(Description.model_fields)))


class TrainingFigures(StrictModel):
    """`metrics/train/NET/SEED.json`: how training ended, and on what.

    loss, accuracy (%): over the training images as they were trained on in the last epoch.
    torch, device: two nets are the same in all but chance only if these are the same too.
    """

    loss: float
    accuracy: float
    steps: int
    torch: str
    device: str


def _sorted(value: object) -> object:
    return {key: _sorted(value[key]) for key in sorted(value)} if isinstance(value, dict) else value
