"""A net is built with the settings its class takes; what does not fit is one line."""

# ruff: noqa: E501

import importlib
import sys

import pytest

import nets
from foundation.errors import UserError


@pytest.fixture
def own(tmp_path, monkeypatch):
    """Write a net of one's own, as `src/nets/own.py`."""

    def write(text: str) -> None:
        (tmp_path / "own.py").write_text(text)
        importlib.invalidate_caches()

    monkeypatch.setattr(nets, "__path__", [*nets.__path__, str(tmp_path)])
    yield write
    sys.modules.pop("nets.own", None)


def net(signature: str) -> str:
    """The text of a net that takes `signature`."""
    return f"""
from typing import Literal
import torch.nn as nn


class Net(nn.Module):
    def __init__(self, {signature}):
        super().__init__()
        self.took = {{name: value for name, value in locals().items() if name in ("num_classes", "width")}}
"""


@pytest.mark.parametrize(
    ("name", "settings", "says"),
    [
        ("net1", {"width": 2}, "width = 2: unknown key; allowed are none"),
    ],
)
def test_settings_the_net_does_not_take_are_refused_in_one_line(name, settings, says):
    with pytest.raises(UserError) as error:
        nets.build(name, settings, num_classes=10)
    assert str(error.value) == f"settings of {name}: {says}"


@pytest.mark.parametrize(
    "signature",
    ["num_classes: int, width: int", "num_classes, width: int = 2", "width: float, num_classes: int", "*, num_classes, width: int | None"],
)  # fmt: skip
def test_a_net_takes_its_settings_by_their_names(own, signature):
    own(net(signature))
    assert nets.build("own", {"width": 3}, num_classes=10).took == {"num_classes": 10, "width": 3}


@pytest.mark.parametrize("first_line", ["", "from __future__ import annotations"])
@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({}, "width: field required"),
        ({"width": "wide"}, "width = 'wide': input should be a valid integer"),
        ({"width": 3, "kind": "square"}, "kind = 'square': input should be 'round' or 'flat'"),
        ({"num_classes": 5}, "num_classes = 5: unknown key; allowed are width, kind"),
    ],
)
def test_settings_are_checked_by_the_types_in_the_class(own, first_line, settings, says):
    own(first_line + net("num_classes: int, width: int, kind: Literal['round', 'flat'] = 'flat'"))
    with pytest.raises(UserError) as error:
        nets.build("own", settings, num_classes=10)
    assert str(error.value) == f"settings of own: {says}"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "there is no class Net in it that is a torch.nn.Module"),
        ("class Net: pass", "there is no class Net in it that is a torch.nn.Module"),
        ("def Net(num_classes): pass", "there is no class Net in it that is a torch.nn.Module"),
        ("import torch.nn as nn\nclass Net(nn.Module): pass", "Net must take num_classes, the number of logits for an image"),
        (net("width: int = 3"), "Net must take num_classes, the number of logits for an image"),
        (net("num_classes, width"), "Net takes `width`; give each setting a name and a type: `width: int`"),
        (net("num_classes, width=3"), "Net takes `width=3`; give each setting a name and a type: `width: int`"),
        (net("num_classes, *widths: int"), "Net takes `*widths: int`; give each setting a name and a type: `width: int`"),
        (net("num_classes, **settings"), "Net takes `**settings`; give each setting a name and a type: `width: int`"),
        (net("num_classes, width: int, /"), "Net takes `num_classes`; give each setting a name and a type: `width: int`"),
        (net("num_classes, act: nn.Module"), "Net takes a setting of a type that params.yaml cannot hold: Unable to generate pydantic-core schema for <class 'torch.nn.modules.module.Module'>"),
        (net("num_classes, width: 32"), "Net takes a setting of a type that params.yaml cannot hold: Unable to generate pydantic-core schema for 32"),
        (net("num_classes, width: 'Width'"), "Net takes a setting of a type that params.yaml cannot hold: name 'Width' is not defined"),
        (net("num_classes, width: list['Width']"), "Net takes a setting of a type that params.yaml cannot hold: name 'Width' is not defined"),
    ],
)  # fmt: skip
def test_a_class_whose_settings_cannot_be_checked_is_named_in_one_line(own, text, says):
    own(text)
    with pytest.raises(UserError) as error:
        nets.build("own", {"width": 3}, num_classes=10)
    assert str(error.value) == f"src/nets/own.py: {says}"


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("class Net(:", SyntaxError),
        ("import torch.nn as n\n\nclass Net(nn.Module): pass", NameError),
        (net("num_classes: int") + "        1 / 0\n", ZeroDivisionError),
    ],
)
def test_a_bug_in_ones_own_net_keeps_its_traceback_because_only_that_names_the_line(own, text, error):
    own(text)
    with pytest.raises(error):
        nets.build("own", {}, num_classes=10)
