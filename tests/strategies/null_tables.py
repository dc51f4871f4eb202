"""The null tables of the statistical signals: their definition, and run as a module, the files anew.

Each is the statistic on 20,000 windows of independent standard normals from PCG64 of a fixed seed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine import kernel_cache
from strategies.statistical.angles import angles
from strategies.statistical.null_tables import packed

WINDOWS = 20_000
WIDTH = 104
FOLDER = Path(__file__).resolve().parents[2] / "strategies" / "statistical" / "nulls"
Statistic = Callable[[NDArray[np.float64]], float]


@dataclass(frozen=True, slots=True)
class Null:
    """One table: what it is of, how many samples a window has, and the seed."""

    name: str
    title: str
    samples: int
    seed: int
    statistic: Callable[[int], Statistic]

    @property
    def version(self) -> str:
        """A short hash of the definition."""
        text = f"{self.title} N={self.samples} B={WINDOWS} PCG64 seed={self.seed} standard_normal"
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def values(self, windows: int = WINDOWS) -> NDArray[np.int64]:
        """The first `windows` values in ascending order, in units."""
        from strategies.statistical.kernels.nulls import UNIT

        statistic = self.statistic(self.samples)
        rng = np.random.default_rng(self.seed)
        found = [statistic(rng.standard_normal(self.samples)) for _ in range(windows)]
        return np.sort(np.rint(np.array(found) / UNIT).astype(np.int64))

    def source(self) -> str:
        """The module that holds the table."""
        packet = packed(self.values())
        text = "\n".join(f'    "{packet[start : start + WIDTH]}"' for start in range(0, len(packet), WIDTH))
        return (
            f'"""Null of {self.title}: {WINDOWS} windows of {self.samples} standard normals, seed {self.seed}."""\n\n'
            f'VERSION = "{self.version}"\nVALUES = (\n{text}\n)\n'
        )


def hurst(samples: int) -> Statistic:
    from strategies.statistical.kernels.hurst import hurst_exponent

    return lambda window: abs(hurst_exponent(window, *angles(samples)) - 0.5)


def spectral(samples: int) -> Statistic:
    from strategies.statistical.kernels.spectral_entropy import spectral_entropy_of

    return lambda window: spectral_entropy_of(window, *angles(samples))


def permutation(order: int) -> Callable[[int], Statistic]:
    def statistic(samples: int) -> Statistic:
        from strategies.statistical.kernels.permutation import normalised_entropy

        return lambda window: normalised_entropy(window, order)

    return statistic


NULLS = (
    Null("hurst_512", "|H - 1/2|, local Whittle", 512, 512, hurst),
    Null("hurst_1024", "|H - 1/2|, local Whittle", 1024, 1024, hurst),
    Null("permutation_250_3", "permutation entropy of order 3", 250, 3, permutation(3)),
    Null("permutation_500_4", "permutation entropy of order 4", 500, 500, permutation(4)),
    Null("spectral_256", "spectral entropy", 256, 256, spectral),
    Null("spectral_512", "spectral entropy", 512, 1512, spectral),
)

if __name__ == "__main__":
    kernel_cache.prepare()
    FOLDER.mkdir(exist_ok=True)
    (FOLDER / "__init__.py").write_text(
        '"""Null tables, made by `python -m tests.strategies.null_tables`."""\n'
    )
    for null in NULLS:
        (FOLDER / f"{null.name}.py").write_text(null.source(), encoding="utf-8")
