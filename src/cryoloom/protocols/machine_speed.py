"""How fast this machine is, against the one that predictions were measured on."""

from __future__ import annotations

import time
from functools import cache

REFERENCE = 60e9  # single-precision operations a second of one thread, in small products of matrices
_EDGE = 60  # so small that no library shares a product among threads
_PRODUCTS, _TRIES = 50, 40


@cache
def machine_speed() -> float:
    """Speed of one thread of this machine, relative to the one that predictions were measured on; measured once."""
    return measure_speed()


def measure_speed() -> float:
    """The same, as it is at the moment; takes 20 ms.

    Time of the processor is taken, of which a busy machine spends no more unless two threads share a core.
    """
    import numpy as np

    matrix = np.ones((_EDGE, _EDGE), np.float32)
    product = np.empty_like(matrix)
    spent = []
    for _ in range(_TRIES):
        begin = time.process_time()
        for _ in range(_PRODUCTS):
            np.matmul(matrix, matrix, out=product)
        spent.append(time.process_time() - begin)
    return 2.0 * _EDGE**3 * _PRODUCTS / min(spent) / REFERENCE
