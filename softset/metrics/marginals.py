"""How many are positive, and how many are predicted so: metrics without a direction."""

from __future__ import annotations

from typing import Any

from .._types import Confusion
from .guarded import counts, divided_by_sum, ratio, ratio_of_rates


def prevalence(c: Confusion, *, zero_division: float = 0.0) -> Any:
    """Return (tp + fn) / n, the share of the positives.

    In [0, 1], no direction; undefined for n = 0. It does not depend on the predictions, so its
    gradient in the scores is 0. Also: base rate.

    Parameters
    ----------
    c : Confusion
        Counts of any shape, integer or real; or four plain numbers.
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
    >>> print(ss.prevalence(c))
    0.5
    """
    lib, tp, fp, fn, tn = counts(c)
    return ratio(lib, tp + fn, tp + fp + fn + tn, zero_division)


def predicted_positive_rate(c: Confusion, *, zero_division: float = 0.0) -> Any:
    """Return (tp + fp) / n, the share that is predicted positive.

    In [0, 1], no direction; undefined for n = 0. Also: selection rate, alarm rate.

    Parameters
    ----------
    c : Confusion
        Counts of any shape, integer or real; or four plain numbers.
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
    >>> print(ss.predicted_positive_rate(c))
    0.4
    """
    lib, tp, fp, fn, tn = counts(c)
    return ratio(lib, tp + fp, tp + fp + fn + tn, zero_division)


def bias_score(c: Confusion, *, zero_division: float = 0.0) -> Any:
    """Return (tp + fp) / (tp + fn), predicted positives per positive.

    From 0 up without a bound, best at 1, so it has no direction; undefined without positives.
    Also: frequency bias.

    Parameters
    ----------
    c : Confusion
        Counts of any shape, integer or real; or four plain numbers.
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
    >>> print(ss.bias_score(c))
    0.8
    """
    lib, tp, fp, fn, _ = counts(c)
    tp, fp, fn = divided_by_sum(lib, tp, fp, fn)
    return ratio_of_rates(lib, tp + fp, tp + fn, zero_division)
