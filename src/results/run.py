"""One net trained by one seed: what it is called, and where its files lie."""

from __future__ import annotations

from dataclasses import dataclass

from foundation.errors import UserError

FILES = {  # what `train` and `evaluate` write of each run
    "models": ".pt",
    "plots/loss": ".csv",
    "metrics/train": ".json",
    "metrics/timing": ".json",
    "metrics/runs": ".json",
    "metrics/details": ".json",
    "plots/predictions": ".csv",
}


@dataclass(frozen=True)
class Run:
    """The net `net` trained by `seed`."""

    net: str
    seed: int

    def __str__(self) -> str:
        return f"{self.net}-{self.seed}"

    @classmethod
    def named(cls, name: str) -> Run:
        """`NET-SEED`, or with `STAGE@` before it, as DVC calls a stage. Raises `UserError` for anything else."""
        net, _, seed = name.rpartition("@")[2].rpartition("-")
        if not (net and seed.isascii() and seed.isdigit()):
            raise UserError(f"{name}: expected NET-SEED, for example net1-0")
        return cls(net, int(seed))

    def file(self, folder: str) -> str:
        """Its file in `folder`, one of `FILES`."""
        return f"{folder}/{self.net}/{self.seed}{FILES[folder]}"
