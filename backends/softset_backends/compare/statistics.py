"""Means over repeated splits, and what differences between them say.

The splits share their rows, so their differences are correlated, and the plain t-test finds far too
many. Nadeau and Bengio (2003) correct the variance of the mean by the share of test rows; the
posterior of the same model is that of Corani and Benavoli (2015), the Bayesian correlated t-test.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple, TypeVar

import numpy as np
from scipy.stats import rankdata, t

_Key = TypeVar("_Key")


class Estimate(NamedTuple):
    """A mean over splits with its interval; nan for what is not known.

    Attributes
    ----------
    splits : int
        How many there are.
    mean, low, high : float
        The mean, and the interval of 95 %, which one split does not give.
    """

    splits: int
    mean: float
    low: float
    high: float


class Difference(NamedTuple):
    """What paired differences over splits say; nan for what is not known.

    Attributes
    ----------
    splits, mean, low, high
        As in an Estimate, of the differences.
    worse, equivalent, better : float
        The probability that the true difference is below, within and above the region of
        practical equivalence.
    p : float
        Of the two-sided corrected t-test.
    """

    splits: int
    mean: float
    low: float
    high: float
    worse: float
    equivalent: float
    better: float
    p: float


def estimate(values: Sequence[float], test_ratio: float, confidence: float = 0.95) -> Estimate:
    """Return the mean of a metric over splits, without those where it is not a number.

    Parameters
    ----------
    values : sequence of float
        One for each split.
    test_ratio : float
        How many test rows there are for one of training.
    confidence : float, default 0.95
        The level of the interval.

    Returns
    -------
    Estimate
        The mean and Student's interval with the corrected variance.

    Examples
    --------
    >>> from softset_backends.compare.statistics import estimate
    >>> print(*(round(x, 3) for x in estimate([0.70, 0.72, 0.71, 0.69, 0.73], test_ratio=1 / 3)))
    5 0.71 0.678 0.742
    """
    n, mean, scale = _moments(values, test_ratio)
    if n < 2:
        return Estimate(n, mean, math.nan, math.nan)
    reach = scale * float(t.ppf((1 + confidence) / 2, n - 1))
    return Estimate(n, mean, mean - reach, mean + reach)


def paired(differences: Sequence[float], equivalent: float, test_ratio: float) -> Difference:
    """Return what the differences of two ways of training on the same splits say.

    Parameters
    ----------
    differences : sequence of float
        One for each split, positive where the first is better. Those that are not numbers are
        left out.
    equivalent : float
        Half the width of the region of practical equivalence.
    test_ratio : float
        How many test rows there are for one of training.

    Returns
    -------
    Difference
        With the corrected variance ``(1/n + test_ratio) s^2``, which is the posterior of the
        Bayesian correlated t-test with correlation ``test_ratio / (1 + test_ratio)`` too.

    Notes
    -----
    Source: Nadeau and Bengio 2003, Inference for the generalization error, Eq. 9; Corani and
    Benavoli 2015, A Bayesian approach for comparing cross-validated algorithms on multiple data
    sets, Eq. 7. Equal differences have no spread, and leave no doubt.

    Examples
    --------
    >>> from softset_backends.compare.statistics import paired
    >>> found = paired([0.03, 0.01, 0.02, 0.04, 0.02], equivalent=0.01, test_ratio=1 / 3)
    >>> print(round(found.better, 3), round(found.p, 3))
    0.916 0.045
    """
    n, mean, low, high = estimate(differences, test_ratio)
    if n < 2:
        return Difference(n, mean, *[math.nan] * 6)
    _, _, scale = _moments(differences, test_ratio)
    if scale == 0:
        worse, better = float(mean < -equivalent), float(mean > equivalent)
        p = float(mean == 0)
    else:
        worse = float(t.cdf((-equivalent - mean) / scale, n - 1))
        better = float(t.sf((equivalent - mean) / scale, n - 1))
        p = 2 * float(t.sf(abs(mean) / scale, n - 1))
    return Difference(n, mean, low, high, worse, 1 - worse - better, better, p)


def _moments(values: Sequence[float], test_ratio: float) -> tuple[int, float, float]:
    """Return the number, the mean and the corrected standard error of what are numbers."""
    found = np.asarray([x for x in values if math.isfinite(x)], dtype=np.float64)
    if not len(found):
        return 0, math.nan, math.nan
    mean = math.fsum(found) / len(found)
    # Equal values have a spread of 0, which rounding of their mean would hide.
    spread = float(np.ptp(found)) and float(np.std(found, ddof=1))
    return len(found), mean, math.sqrt(1 / len(found) + test_ratio) * spread


def holm(p: Sequence[float]) -> list[float]:
    """Return p-values corrected for their number by the method of Holm (1979); nan stays.

    Examples
    --------
    >>> from softset_backends.compare.statistics import holm
    >>> holm([0.01, 0.04, 0.02])
    [0.03, 0.04, 0.04]
    """
    known = sorted((x, i) for i, x in enumerate(p) if x == x)
    found, largest = [math.nan] * len(p), 0.0
    for rank, (x, i) in enumerate(known):
        largest = max(largest, min(1.0, (len(known) - rank) * x))
        found[i] = largest
    return found


def mean_ranks(values: Mapping[_Key, Mapping[int, float]]) -> dict[_Key, float]:
    """Return the mean rank over splits of each that has a value on all of them, 1 for the largest.

    Parameters
    ----------
    values : mapping of mappings
        The value on each split, by what is ranked and by the split.

    Returns
    -------
    dict
        Equal values share the mean of their ranks.

    Examples
    --------
    >>> from softset_backends.compare.statistics import mean_ranks
    >>> mean_ranks({"a": {0: 0.7, 1: 0.8}, "b": {0: 0.6, 1: 0.8}})
    {'a': 1.25, 'b': 1.75}
    """
    splits = sorted({seed for of_one in values.values() for seed in of_one})
    table = {k: [of_one.get(seed, math.nan) for seed in splits] for k, of_one in values.items()}
    whole = {k: row for k, row in table.items() if row and all(map(math.isfinite, row))}
    if not whole:
        return {}
    ranks = rankdata([[-x for x in row] for row in whole.values()], axis=0).mean(axis=1)
    return {k: float(rank) for k, rank in zip(whole, ranks, strict=True)}
