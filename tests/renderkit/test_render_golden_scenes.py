"""Composed scenes compared with stored ones: a change of layout, colour or order shows as a difference in JSON."""

from __future__ import annotations

import json
from typing import Any

import pytest

from plotter2.renderkit.compose import compose
from renderkit.sample_views import HERE, SAMPLES


def differences(one: Any, other: Any, path: str = "scene") -> list[str]:
    """Where two JSON values differ by more than rounding."""
    if isinstance(one, dict) and isinstance(other, dict) and one.keys() == other.keys():
        return [d for key in one for d in differences(one[key], other[key], f"{path}.{key}")]
    if isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        pairs = zip(one, other, strict=True)
        return [
            d for place, (a, b) in enumerate(pairs) for d in differences(a, b, f"{path}[{place}]")
        ]
    if isinstance(one, float) and isinstance(other, float):
        return [] if abs(one - other) <= 1e-4 * max(1.0, abs(one)) else [f"{path}: {one} {other}"]
    return [] if one == other else [f"{path}: {one} {other}"]


@pytest.mark.parametrize("name", list(SAMPLES))
def test_the_scene_is_the_stored_one(name: str) -> None:
    stored = json.loads((HERE / "scenes" / f"{name}.json").read_text())
    made = json.loads(json.dumps(compose(SAMPLES[name]()).as_json(digits=6)))
    assert differences(stored, made)[:5] == []
