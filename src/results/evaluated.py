"""What is known of a net once it is evaluated."""

from dataclasses import dataclass

from foundation.validation import StrictModel
from images.dataset import Dataset, OfOneKind
from params import NamedRecipe
from results.trained import Description


class ClassCounts(StrictModel):
    """The images of one class, those of them the net gets right, and their share in %."""

    images: int
    correct: int
    accuracy: float


class Evaluation(Description):
    """`metrics/details/NET/SEED.json`: what was evaluated, its size and cost, and how it did.

    layers: convolutions and linear layers; multiply_adds: theirs, for one image; test_images or validation_images: how
    many those are; accuracy in %; loss: mean cross-entropy (nats); classes: in label order.
    """

    layers: int
    parameters: int
    multiply_adds: int
    test_images: OfOneKind = 0
    validation_images: OfOneKind = 0
    accuracy: float
    loss: float
    training_accuracy: float
    training_loss: float
    classes: dict[str, ClassCounts]

    def dump(self) -> dict[str, object]:
        """Its values as the file holds them."""
        return self.sorted_dump() | self.model_dump(exclude=set(Description.model_fields))


@dataclass(frozen=True)
class Conditions:
    """What nets must have in common to be compared."""

    dataset: Dataset
    recipe: NamedRecipe
    class_names: list[str]
