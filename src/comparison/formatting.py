"""Numbers as a reader sees them in tables and sentences, halves rounded away from 0 as in school.

Accuracies have two decimals, exact for 10,000 images, so that differences add up as they are printed; those of a class
have one, exact for 1,000. The limits of intervals, which are estimates, have one.
"""

import math
from decimal import ROUND_HALF_UP, Decimal

NOTHING = "–"  # where there is no figure


def rounded(value: float, decimals: int) -> Decimal:
    """`value` as its shortest decimal form says it: 2.05 becomes 2.1, though its binary form is a little less."""
    shortest = repr(round(float(value), 6))  # less what a difference of two floats has behind its decimals
    return Decimal(shortest).quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP) + Decimal(0)


def whole(value: float) -> str:
    return f"{rounded(value, 0):,}"


def percent(value: float, decimals: int = 2) -> str:
    return NOTHING if math.isnan(value) else str(rounded(value, decimals))


def signed(value: float, decimals: int = 2) -> str:
    """A difference in percentage points, with its sign."""
    return NOTHING if math.isnan(value) else f"{rounded(value, decimals):+}".replace("-", "−")


def p_value(p: float) -> str:
    return "< 0.0001" if p < 0.0001 else f"{p:.4f}"


def p_relation(p: float) -> str:
    return f"p {p_value(p)}" if p < 0.0001 else f"p = {p_value(p)}"


def percent_within(value: float, low: float, high: float, decimals: int = 2) -> str:
    return f"{percent(value, decimals)} ({percent(low, 1)}–{percent(high, 1)})"


def signed_within(value: float, low: float, high: float, decimals: int = 2, of_limits: int = 1) -> str:
    return f"{signed(value, decimals)} ({signed(low, of_limits)} to {signed(high, of_limits)})"
