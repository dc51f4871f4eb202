"""Compiled power spectrum of a power of two of real samples."""

from __future__ import annotations

import numpy as np
from numba import njit

from strategies.arithmetic import Floats


@njit(cache=True, error_model="numpy")
def fourfold(
    real: Floats,
    imaginary: Floats,
    cosine: Floats,
    sine: Floats,
    width: int,
    out_real: Floats,
    out_imaginary: Floats,
) -> None:
    """One stage of radix 4: every fourth part of M samples into the outputs, `width` of a kind side by side."""
    quarter = real.size // 4
    for part in range(quarter // width):
        angle = 2 * part * width
        c1, s1 = cosine[angle], -sine[angle]
        c2, s2 = cosine[2 * angle], -sine[2 * angle]
        c3, s3 = c1 * c2 - s1 * s2, c1 * s2 + s1 * c2
        for place in range(width):
            low = part * width + place
            a, b = real[low], imaginary[low]
            c, d = real[low + quarter], imaginary[low + quarter]
            e, f = real[low + 2 * quarter], imaginary[low + 2 * quarter]
            g, h = real[low + 3 * quarter], imaginary[low + 3 * quarter]
            sum_real, sum_imaginary, gap_real, gap_imaginary = a + e, b + f, a - e, b - f
            other_real, other_imaginary, turn_real, turn_imaginary = c + g, d + h, h - d, c - g
            out = 4 * part * width + place
            out_real[out] = sum_real + other_real
            out_imaginary[out] = sum_imaginary + other_imaginary
            x, y = gap_real - turn_real, gap_imaginary - turn_imaginary
            out_real[out + width] = x * c1 - y * s1
            out_imaginary[out + width] = x * s1 + y * c1
            x, y = sum_real - other_real, sum_imaginary - other_imaginary
            out_real[out + 2 * width] = x * c2 - y * s2
            out_imaginary[out + 2 * width] = x * s2 + y * c2
            x, y = gap_real + turn_real, gap_imaginary + turn_imaginary
            out_real[out + 3 * width] = x * c3 - y * s3
            out_imaginary[out + 3 * width] = x * s3 + y * c3


@njit(cache=True, error_model="numpy")
def transform(
    real: Floats, imaginary: Floats, cosine: Floats, sine: Floats, other_real: Floats, other_imaginary: Floats
) -> tuple[Floats, Floats]:
    """Discrete Fourier transform of M = 2^k complex samples, Stockham's self-sorting way by fours and at most one
    two; all arrays [M] are used up. `cosine` and `sine` hold the angles 2 pi t / (2 M), t < M."""
    size, width = real.size, 1
    while 4 * width <= size:
        fourfold(real, imaginary, cosine, sine, width, other_real, other_imaginary)
        real, other_real = other_real, real
        imaginary, other_imaginary = other_imaginary, imaginary
        width *= 4
    if width < size:
        for place in range(width):
            a, b = real[place], imaginary[place]
            c, d = real[place + width], imaginary[place + width]
            real[place], imaginary[place] = a + c, b + d
            real[place + width], imaginary[place + width] = a - c, b - d
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
