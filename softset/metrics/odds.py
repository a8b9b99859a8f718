"""Likelihood and odds ratios, lift, and distances in the ROC square."""

from __future__ import annotations

import math
from typing import Any

from .._types import Confusion
from .guarded import counts, defined, negligible, ratio, ratio_of_rates, root


def positive_likelihood_ratio(c: Confusion, *, zero_division: float = 0.0) -> Any:
    """Return recall / FPR.

    From 0 up, larger is better; infinite if fp = 0 < tp, undefined if a class is absent or
    nothing is predicted positive. To train, use the logarithm of counts with a prior added: the
    slope grows without a bound as fp nears 0. Also: LR+.

    Parameters
    ----------
    c : Confusion
        Counts of any shape, integer or real; or four plain numbers.
    zero_division : float, default 0.0
        The value where undefined. The gradient is finite everywhere, and 0 there and where the
        value is infinite.

    Returns
    -------
    array or float
        Shape and dtype of the counts; float64 for integers. A float for plain numbers.

    Examples
    --------
    >>> import numpy as np
    >>> import softset as ss
    >>> c = ss.Confusion(*np.asarray([3.0, 1.0, 2.0, 4.0]))
    >>> print(round(float(ss.positive_likelihood_ratio(c)), 4))
    3.0
    """
    lib, tp, fp, fn, tn = counts(c)
    tpr, fpr = ratio(lib, tp, tp + fn, 0.0), ratio(lib, fp, fp + tn, 0.0)
    value = ratio_of_rates(lib, tpr, fpr, math.inf)
    return defined(lib, value, zero_division, tp + fn, fp + tn, tpr + fpr)


def negative_likelihood_ratio(c: Confusion, *, zero_division: float = 0.0) -> Any:
    """Return FNR / specificity.

    From 0 up, smaller is better; infinite if tn = 0 < fn, undefined if a class is absent or
    nothing is predicted negative. To train, use the logarithm of counts with a prior added: the
    slope grows without a bound as tn nears 0. Also: LR-.

    Parameters
    ----------
    c : Confusion
        Counts of any shape, integer or real; or four plain numbers.
    zero_division : float, default 0.0
        The value where undefined. The gradient is finite everywhere, and 0 there and where the
        value is infinite.

    Returns
    -------
    array or float
        Shape and dtype of the counts; float64 for integers. A float for plain numbers.

    Examples
    --------
    >>> import numpy as np
    >>> import softset as ss
    >>> c = ss.Confusion(*np.asarray([3.0, 1.0, 2.0, 4.0]))
    >>> print(round(float(ss.negative_likelihood_ratio(c)), 4))
    0.5
    """
    lib, tp, fp, fn, tn = counts(c)
    fnr, tnr = ratio(lib, fn, tp + fn, 0.0), ratio(lib, tn, fp + tn, 0.0)
    value = ratio_of_rates(lib, fnr, tnr, math.inf)
    return defined(lib, value, zero_division, tp + fn, fp + tn, fnr + tnr)


def diagnostic_odds_ratio(c: Confusion, *, zero_division: float = 0.0) -> Any:
    """Return tp tn / (fp fn).

    From 0 up, larger is better; infinite if fp = 0 or fn = 0 and neither tp nor tn is, undefined
    if a class is absent or predicted for nothing or for all. To train, use the logarithm of
    counts with a prior added: the slope grows without a bound as fp or fn nears 0. Also: DOR,
    odds ratio.

    Parameters
    ----------
    c : Confusion
        Counts of any shape, integer or real; or four plain numbers.
    zero_division : float, default 0.0
        The value where undefined. The gradient is finite everywhere, and 0 there and where the
        value is infinite.

    Returns
    -------
    array or float
        Shape and dtype of the counts; float64 for integers. A float for plain numbers.

    Examples
    --------
    >>> import numpy as np
    >>> import softset as ss
    >>> c = ss.Confusion(*np.asarray([3.0, 1.0, 2.0, 4.0]))
    >>> print(round(float(ss.diagnostic_odds_ratio(c)), 4))
    6.0
    """
    lib, tp, fp, fn, tn = counts(c)
    tpr, fnr = ratio(lib, tp, tp + fn, 0.0), ratio(lib, fn, tp + fn, 0.0)
    tnr, fpr = ratio(lib, tn, fp + tn, 0.0), ratio(lib, fp, fp + tn, 0.0)
    value = ratio_of_rates(lib, tpr, fnr, 0.0) * ratio_of_rates(lib, tnr, fpr, 0.0)
    value = lib.where(negligible(fnr) | negligible(fpr), math.inf, value)
    return defined(lib, value, zero_division, tp + fn, fp + tn, tp + fp, tn + fn)


def lift(c: Confusion, *, zero_division: float = 0.0) -> Any:
    """Return precision / prevalence.

    From 0 to 1 / prevalence, larger is better, 1 is chance; undefined without positives or if
    nothing is predicted positive.

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
    >>> print(round(float(ss.lift(c)), 4))
    1.5
    """
    lib, tp, fp, fn, tn = counts(c)
    prevalence = ratio(lib, tp + fn, tp + fp + fn + tn, 0.0)
    value = ratio_of_rates(lib, ratio(lib, tp, tp + fp, 0.0), prevalence, 0.0)
    return defined(lib, value, zero_division, tp + fp, tp + fn)


def prevalence_threshold(c: Confusion, *, zero_division: float = 0.0) -> Any:
    """Return sqrt(FPR) / (sqrt(TPR) + sqrt(FPR)).

    In [0, 1], smaller is better; undefined if a class is absent or nothing is predicted positive.
    The prevalence below which precision falls off most steeply. Its slope is infinite where TPR
    or FPR is 0; the gradient in that rate is 0 there.

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
    >>> print(round(float(ss.prevalence_threshold(c)), 4))
    0.366
    """
    lib, tp, fp, fn, tn = counts(c)
    top = root(lib, ratio(lib, fp, fp + tn, 0.0))
    bottom = top + root(lib, ratio(lib, tp, tp + fn, 0.0))
    value = ratio_of_rates(lib, top, bottom, 0.0)
    return defined(lib, value, zero_division, bottom, tp + fn, fp + tn)


def distance_to_corner(c: Confusion, *, zero_division: float = 0.0) -> Any:
    """Return sqrt(FPR^2 + FNR^2), the distance to the perfect corner of the ROC square.

    In [0, sqrt(2)], smaller is better; undefined if a class is absent. It has a kink where it is
    0; the gradient there is 0.

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
    >>> print(round(float(ss.distance_to_corner(c)), 4))
    0.4472
    """
    lib, tp, fp, fn, tn = counts(c)
    fpr, fnr = ratio(lib, fp, fp + tn, 0.0), ratio(lib, fn, tp + fn, 0.0)
    return defined(lib, root(lib, fpr * fpr + fnr * fnr), zero_division, fp + tn, tp + fn)
