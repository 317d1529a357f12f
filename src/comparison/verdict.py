"""From the parts of a claim to its verdict: `holds`, `does not hold` or `not decided`."""

from dataclasses import dataclass

HOLDS, DOES_NOT_HOLD, NOT_DECIDED = "holds", "does not hold", "not decided"


@dataclass(frozen=True)
class Part:
    """A part of a claim and the figure that decides it: `sign` is 1 when it is so, −1 when its opposite is, else 0."""

    name: str
    figure: str
    sign: int


@dataclass(frozen=True)
class Finding:
    figure: str
    verdict: str
    reason: str


def conclude(parts: list[Part], so: str, opposite: str, unclear: str = "") -> Finding:
    """Holds when every part is so, does not hold when the opposite of one is, and is otherwise not decided.

    so, opposite, unclear: the reason in each case, which names the parts it is about when there are several.
    """
    figure = "; ".join(f"{part.name}: {part.figure}" for part in parts)
    for sign, verdict, reason in ((-1, DOES_NOT_HOLD, opposite), (0, NOT_DECIDED, unclear)):
        names = [part.name for part in parts if part.sign == sign]
        if names:
            return Finding(figure, verdict, f"{', '.join(names)}: {reason}" if len(parts) > 1 else reason)
    return Finding(figure, HOLDS, so)


def side(low: float, high: float) -> int:
    """1 or −1 when the whole interval is above or below 0, else 0."""
    return int(low > 0) - int(high < 0)
