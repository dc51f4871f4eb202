"""How often each test rejects where there is nothing to find: white noise, and noise of changing variance."""

from collections.abc import Callable

import numpy as np
import pytest

from strategies.registry import BUILT_IN
from tests.strategies.statistical.noise import SIZE_LIMIT, FloatArray, garch, no_more, p_values, runs, white

KINDS = {
    kind.name: kind
    for kind in BUILT_IN
    if "p" in (signal := kind.build(kind.settings())).statistic_names
    and signal.fields == ("close",)
    and not signal.cross
}
WHITE_ONLY = {"B3", "B10"}
DAILY = {"B4": {"bar": "1d"}}


CASES = [
    (name, noise) for name in KINDS for noise in (white, garch) if noise is white or name not in WHITE_ONLY
]


@pytest.mark.parametrize(("name", "noise"), CASES, ids=lambda case: getattr(case, "__name__", case))
@runs(200, 1_000)
def test_size(name: str, noise: Callable[..., FloatArray], count: int) -> None:
    signal = KINDS[name].build(KINDS[name].settings.model_validate(DAILY.get(name, {})))
    rejected = p_values(signal, noise(np.random.default_rng(7), count, signal.window - 1)) < 0.05
    assert rejected.mean() <= SIZE_LIMIT if count == 1_000 else no_more(rejected, SIZE_LIMIT)
