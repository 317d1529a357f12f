"""Numbers as a reader sees them in tables and sentences."""

import math

NOTHING = "–"  # where there is no figure


def whole(value: float) -> str:
    return f"{value:,.0f}"


def percent(value: float) -> str:
    return NOTHING if math.isnan(value) else f"{value:.1f}"


def signed(value: float) -> str:
    """A difference in percentage points, with its sign."""
    return NOTHING if math.isnan(value) else f"{round(value, 1) + 0.0:+.1f}".replace("-", "−")


def p_value(p: float) -> str:
    return "< 0.0001" if p < 0.0001 else f"{p:.4f}"


def p_relation(p: float) -> str:
    return f"p {p_value(p)}" if p < 0.0001 else f"p = {p_value(p)}"


def percent_within(value: float, low: float, high: float) -> str:
    return f"{percent(value)} ({percent(low)}–{percent(high)})"


def signed_within(value: float, low: float, high: float) -> str:
    return f"{signed(value)} ({signed(low)} to {signed(high)})"
