"""What `train` and `evaluate` record of each run beside its weights and logits."""

from dataset import ClassName, Dataset
from run import Run
from schema import Name, StrictModel
from training.recipe import Recipe


class Normalisation(StrictModel):
    """Images are scaled as (x/255 − mean)/std."""

    mean: float
    std: float


class Description(StrictModel):
    """What made a net's weights. The checkpoint holds it; with `net` and `class_names` the net is built again."""

    net: Name
    recipe_name: Name
    recipe: Recipe
    seed: int
    class_names: list[ClassName]
    normalisation: Normalisation
    dataset: Dataset

    @property
    def run(self) -> Run:
        return Run(self.net, self.recipe_name, self.seed)


class TrainingRecord(StrictModel):
    """`metrics/train/NET/RECIPE/SEED.json`: how training ended, and on what.

    loss, accuracy (%): over the training images as they were trained on in the last epoch.
    torch, device: where these differ, runs differ by more than their seed.
    """

    loss: float
    accuracy: float
    steps: int
    torch: str
    device: str


class EvaluationRecord(StrictModel):
    """`metrics/evaluate/NET/RECIPE/SEED.json`: what was evaluated, and its size and cost.

    layers: convolutions and linear layers; multiply_adds: theirs, for one image. training_accuracy (%) and
    training_loss (mean cross-entropy, nats) are of `training_images` training images, as in evaluation.
    """

    description: Description
    layers: int
    parameters: int
    multiply_adds: int
    training_images: int
    training_accuracy: float
    training_loss: float
