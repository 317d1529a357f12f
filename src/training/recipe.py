"""A recipe: how a net is trained. `recipes` in params.yaml holds them, with a comment on each key."""

from typing import Annotated, Any

from pydantic import Field, create_model

from schema import StrictModel
from training.augmentation import EFFECTS
from training.optimizers import Optimizer, Schedule, Share

Count = Annotated[int, Field(gt=0)]
# A field for each effect: the amounts that EFFECTS allows, or nothing.
Augmentation: Any = create_model(  # type: ignore[call-overload]
    "Augmentation", __base__=StrictModel, **{name: (amount | None, None) for name, (_, amount) in EFFECTS.items()}
)


class Recipe(StrictModel):
    """How a net is trained."""

    optimizer: Optimizer
    learning_rate: Annotated[float, Field(gt=0)]
    schedule: Schedule
    label_smoothing: Share
    augmentation: Augmentation  # type: ignore[valid-type]
    allow_bfloat16: bool
    batch_size: Count
    epochs: Count
    log_every: Count
