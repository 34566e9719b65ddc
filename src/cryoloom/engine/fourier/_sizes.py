"""Sizes for which transforms are fast."""

from __future__ import annotations

from cryoloom.errors import ParameterError


def good_even_size(size: int) -> int:
    """Smallest even number that is at least ``size`` and has no prime factor above 5."""
    import scipy.fft

    candidate: int = scipy.fft.next_fast_len(max(2, size), real=True)
    while candidate % 2:
        candidate = scipy.fft.next_fast_len(candidate + 1, real=True)
    return candidate


def good_even_size_below(size: int) -> int:
    """Largest even number that is at most ``size`` and has no prime factor above 5."""
    import scipy.fft

    if size < 2:
        raise ParameterError(f"There is no even size below {size}; give at least 2.")
    candidate: int = scipy.fft.prev_fast_len(size, real=True)
    while candidate % 2:
        candidate = scipy.fft.prev_fast_len(candidate - 1, real=True)
    return candidate
