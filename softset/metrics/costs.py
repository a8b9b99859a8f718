"""Metrics in the units of a decision: net benefit and expected cost."""

from __future__ import annotations

from typing import Any

from .._options import non_negative
from .._types import Confusion
from .guarded import counts, ratio


def net_benefit(c: Confusion, *, fp_weight: float = 1.0, zero_division: float = 0.0) -> Any:
    """Return (tp - fp_weight fp) / n, the net benefit of decision curves.

    From -fp_weight (1 - prevalence) to the prevalence, larger is better; undefined for n = 0.
    Linear in the counts.

    Parameters
    ----------
    c : Confusion
        Counts of any shape, integer or real; or four plain numbers.
    fp_weight : float, default 1.0
        Harm of a false positive per benefit of a true one, at least 0: p / (1 - p) for those who
        act from a risk of p on.
    zero_division : float, default 0.0
        The value where undefined. The gradient is finite everywhere, and 0 there.

    Returns
    -------
    array or float
        Shape and dtype of the counts; float64 for integers. A float for plain numbers.

    Raises
    ------
    ValueError
        If fp_weight is not a finite number >= 0.

    Examples
    --------
    >>> import numpy as np
    >>> import softset as ss
    >>> c = ss.Confusion(*np.asarray([3.0, 1.0, 2.0, 4.0]))
    >>> print(round(float(ss.net_benefit(c)), 4))
    0.2
    """
    non_negative("fp_weight", fp_weight)
    lib, tp, fp, fn, tn = counts(c)
    return ratio(lib, tp - fp_weight * fp, tp + fp + fn + tn, zero_division)


def expected_cost(
    c: Confusion,
    *,
    tp: float = 0.0,
    fp: float = 1.0,
    fn: float = 1.0,
    tn: float = 0.0,
    zero_division: float = 0.0,
) -> Any:
    """Return (the cost of every cell times its count, summed) / n.

    Smaller is better; undefined for n = 0. Linear in the counts. With the default costs it is
    `error_rate`. Also: weighted error, cost-sensitive error.

    Parameters
    ----------
    c : Confusion
        Counts of any shape, integer or real; or four plain numbers.
    tp, fp, fn, tn : float, default 0.0, 1.0, 1.0, 0.0
        Cost of an example in each cell; negative for a gain.
    zero_division : float, default 0.0
        The value where undefined. The gradient is finite everywhere, and 0 there.

    Returns
    -------
    array or float
        Shape and dtype of the counts; float64 for integers. A float for plain numbers.

    Examples
    --------
    >>> import numpy as np
    >>> import softset as ss
    >>> c = ss.Confusion(*np.asarray([3.0, 1.0, 2.0, 4.0]))
    >>> print(ss.expected_cost(c, fn=5.0))
    1.1
    """
    lib, *four = counts(c)
    total = sum(cost * x for cost, x in zip((tp, fp, fn, tn), four, strict=True))
    return ratio(lib, total, four[0] + four[1] + four[2] + four[3], zero_division)
