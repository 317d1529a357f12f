"""How long something takes, in words."""

import pytest

from foundation.duration import duration


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [(40.4, "40 s"), (150, "2 min"), (5940, "99 min"), (7500, "2 h 5 min"), (7190, "2 h 0 min")],
)
def test_a_duration_as_one_reads_it(seconds, expected):
    assert duration(seconds) == expected
