"""The one place where numbers become text for people. Each is rounded once, from full precision."""

import math
from collections.abc import Iterable

NOTHING = "–"  # where there is no figure


def whole(value: float) -> str:
    return NOTHING if math.isnan(value) else f"{value:,.0f}"


def percent(value: float, decimals: int = 2) -> str:
    """A value in percent, or any other number, with so many decimals."""
    return NOTHING if math.isnan(value) else f"{value:,.{decimals}f}"


def signed(value: float, decimals: int = 2) -> str:
    """A difference, with its sign; 0 has a plus."""
    return NOTHING if math.isnan(value) else f"{value:+z.{decimals}f}".replace("-", "−")


def span(low: float, high: float) -> str:
    """The limits of an interval, or `NOTHING` where there is none."""
    return NOTHING if math.isnan(low) else f"{low:.1f}–{high:.1f}"


def percent_within(value: float, low: float, high: float, decimals: int = 2) -> str:
    """A value with its interval, or without where there is none."""
    return percent(value, decimals) + ("" if math.isnan(low) else f" ({span(low, high)})")


def signed_within(value: float, low: float, high: float, decimals: int = 2, limit_decimals: int = 1) -> str:
    limits = "" if math.isnan(low) else f" ({signed(low, limit_decimals)} to {signed(high, limit_decimals)})"
    return signed(value, decimals) + limits


def p_value(p: float, smallest: float = 0.0) -> str:
    """`p = 0.0312`, `p < 0.0001`, or `p ≤ 0.0002` where p is the smallest that the permutation test can give."""
    if p < 0.0001:
        return "p < 0.0001"
    return f"p {'≤' if p <= smallest else '='} {p:.3g}"


def listed(values: Iterable[object]) -> str:
    """`a, b and c`."""
    *others, last = map(str, values)
    return f"{', '.join(others)} and {last}" if others else last
