"""How numbers are laid out to be added up in one loop of vectors, as XLA finds them on CPUs.

Few numbers are added up in each of many lanes, side by side.
"""

from __future__ import annotations

from typing import Any

ROWS = 2**3  # so many numbers are added up in a lane; with more XLA writes no vectors
LANES = 2**5  # so many at least, and a multiple of those of a vector
_VECTOR = 2**3

# Which of two factors meets which of two others, in the order of the four sums.
PAIRS = ((0, 2), (0, 3), (1, 2), (1, 3))


def lanes_of(length: Any, behind: int) -> int:
    """Return how many rows of numbers lie side by side in a strip: so many that none is left."""
    least = -(-LANES // behind)
    if type(length) is not int:
        return least
    step = -(-_VECTOR // behind)
    for lanes in range(least, 2 * least + 1, step):
        if length % (ROWS * lanes) == 0:
            return lanes
    return least
