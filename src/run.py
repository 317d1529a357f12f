"""One run: a net trained by a recipe from a seed. Its name and its files."""

from dataclasses import dataclass

FILES = {  # what `train` and `evaluate` write of each run
    "models": ".pt",
    "plots/loss": ".csv",
    "metrics/train": ".json",
    "metrics/timing": ".json",
    "metrics/logits": ".npz",
    "metrics/evaluate": ".json",
    "metrics/runs": ".json",
}


@dataclass(frozen=True)
class Run:
    """One net trained by one recipe from one seed."""

    net: str
    recipe: str
    seed: int

    def __str__(self) -> str:
        return f"{self.net}-{self.recipe}-{self.seed}"

    def file(self, folder: str) -> str:
        """Its file in `folder`, one of `FILES`."""
        return f"{folder}/{self.net}/{self.recipe}/{self.seed}{FILES[folder]}"
