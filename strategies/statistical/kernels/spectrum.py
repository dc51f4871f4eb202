"""Compiled power spectrum of a power of two of real samples."""

from __future__ import annotations

import numpy as np
from numba import njit

from strategies.arithmetic import Floats


@njit(cache=True, error_model="numpy")
def transform(
    real: Floats, imaginary: Floats, cosine: Floats, sine: Floats, other_real: Floats, other_imaginary: Floats
) -> tuple[Floats, Floats]:
    """Discrete Fourier transform of M = 2^k complex samples by Stockham's self-sorting radix 2; all arrays [M] are
    used up. `cosine` and `sine` hold the angles 2 pi t / (2 M), t < M."""
    size = real.size
    groups, width = size // 2, 1
    while groups >= 1:
        for group in range(groups):
            turn, twist = cosine[2 * group * width], -sine[2 * group * width]
            low, high, out = group * width, (group + groups) * width, 2 * group * width
            for k in range(width):
                a, b = real[low + k], imaginary[low + k]
                c, d = real[high + k], imaginary[high + k]
                other_real[out + k], other_imaginary[out + k] = a + c, b + d
                e, f = a - c, b - d
                other_real[out + width + k] = e * turn - f * twist
                other_imaginary[out + width + k] = e * twist + f * turn
        real, other_real = other_real, real
        imaginary, other_imaginary = other_imaginary, imaginary
        groups //= 2
        width *= 2
    return real, imaginary


@njit(cache=True, error_model="numpy")
def half_spectrum(samples: Floats, cosine: Floats, sine: Floats) -> tuple[Floats, Floats]:
    """Real and imaginary parts of X_k = sum x_t exp(-2 pi i k t / N) for k = 0 to N/2 - 1, N a power of two.

    `cosine` and `sine` hold the angles 2 pi t / N, t < N/2. Two real samples are transformed as one complex one.
    """
    half = samples.size // 2
    even, odd = np.empty(half), np.empty(half)
    for index in range(half):
        even[index], odd[index] = samples[2 * index], samples[2 * index + 1]
    a, b = transform(even, odd, cosine, sine, np.empty(half), np.empty(half))
    real, imaginary = np.empty(half), np.empty(half)
    real[0], imaginary[0] = a[0] + b[0], 0.0
    for k in range(1, half):
        c, d = a[half - k], -b[half - k]
        sum_real, sum_imaginary = (a[k] + c) / 2.0, (b[k] + d) / 2.0
        gap_real, gap_imaginary = (b[k] - d) / 2.0, (c - a[k]) / 2.0
        real[k] = sum_real + gap_real * cosine[k] + gap_imaginary * sine[k]
        imaginary[k] = sum_imaginary + gap_imaginary * cosine[k] - gap_real * sine[k]
    return real, imaginary


@njit(cache=True, error_model="numpy")
def power_spectrum(samples: Floats, cosine: Floats, sine: Floats) -> Floats:
    """|X_k|^2 for k = 1 to N/2 - 1, at positions k - 1."""
    real, imaginary = half_spectrum(samples, cosine, sine)
    power = np.empty(real.size - 1)
    for k in range(power.size):
        power[k] = real[k + 1] * real[k + 1] + imaginary[k + 1] * imaginary[k + 1]
    return power
