import pytest

import nets
from foundation.errors import UserError


@pytest.mark.parametrize(
    ("name", "settings", "says"),
    [
        ("net3", {"batch_nrom": False}, "batch_nrom = False: unknown key; allowed are batch_norm"),
        ("net3", {"batch_norm": 0}, "batch_norm = 0: input should be a valid boolean"),
        ("net1", {"width": 2}, "width = 2: unknown key; allowed are none"),
    ],
)
def test_settings_the_architecture_does_not_take_are_refused_in_one_line(name, settings, says):
    with pytest.raises(UserError) as error:
        nets.build(name, settings, num_classes=10)
    assert str(error.value) == f"settings of architecture {name}: {says}"
