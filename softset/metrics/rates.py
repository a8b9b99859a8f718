"""The eight rates: shares of a row or of a column of the table."""

from __future__ import annotations

from typing import Any

from .._types import Confusion
from .guarded import counts, ratio


def recall(c: Confusion, *, zero_division: float = 0.0) -> Any:
    """Return tp / (tp + fn), the share of the positives that is found.

    In [0, 1], larger is better; undefined without positives. Also: sensitivity, true positive
    rate (TPR), hit rate, power, probability of detection.

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
    >>> print(ss.recall(c))
    0.6
    """
    lib, tp, _, fn, _ = counts(c)
    return ratio(lib, tp, tp + fn, zero_division)


def specificity(c: Confusion, *, zero_division: float = 0.0) -> Any:
    """Return tn / (tn + fp), the share of the negatives that is left alone.

    In [0, 1], larger is better; undefined without negatives. Also: true negative rate (TNR),
    selectivity.

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
    >>> print(ss.specificity(c))
    0.8
    """
    lib, _, fp, _, tn = counts(c)
    return ratio(lib, tn, tn + fp, zero_division)


def precision(c: Confusion, *, zero_division: float = 0.0) -> Any:
    """Return tp / (tp + fp), the share of the predicted positives that is right.

    In [0, 1], larger is better; undefined if nothing is predicted positive. Also: positive
    predictive value (PPV), success ratio, confidence.

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
    >>> print(ss.precision(c))
    0.75
    """
    lib, tp, fp, _, _ = counts(c)
    return ratio(lib, tp, tp + fp, zero_division)


def negative_predictive_value(c: Confusion, *, zero_division: float = 0.0) -> Any:
    """Return tn / (tn + fn), the share of the predicted negatives that is right.

    In [0, 1], larger is better; undefined if nothing is predicted negative. Also: NPV.

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
    >>> print(round(float(ss.negative_predictive_value(c)), 4))
    0.6667
    """
    lib, _, _, fn, tn = counts(c)
    return ratio(lib, tn, tn + fn, zero_division)


def false_negative_rate(c: Confusion, *, zero_division: float = 0.0) -> Any:
    """Return fn / (tp + fn), the share of the positives that is missed.

    In [0, 1], smaller is better; undefined without positives. Also: FNR, miss rate, type II error
    rate.

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
    >>> print(ss.false_negative_rate(c))
    0.4
    """
    lib, tp, _, fn, _ = counts(c)
    return ratio(lib, fn, tp + fn, zero_division)


def false_positive_rate(c: Confusion, *, zero_division: float = 0.0) -> Any:
    """Return fp / (fp + tn), the share of the negatives that is taken for positives.

    In [0, 1], smaller is better; undefined without negatives. Also: FPR, fall-out, type I error
    rate, probability of false detection.

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
    >>> print(ss.false_positive_rate(c))
    0.2
    """
    lib, _, fp, _, tn = counts(c)
    return ratio(lib, fp, fp + tn, zero_division)


def false_discovery_rate(c: Confusion, *, zero_division: float = 0.0) -> Any:
    """Return fp / (tp + fp), the share of the predicted positives that is wrong.

    In [0, 1], smaller is better; undefined if nothing is predicted positive. Also: FDR, false
    alarm ratio.

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
    >>> print(ss.false_discovery_rate(c))
    0.25
    """
    lib, tp, fp, _, _ = counts(c)
    return ratio(lib, fp, tp + fp, zero_division)


def false_omission_rate(c: Confusion, *, zero_division: float = 0.0) -> Any:
    """Return fn / (tn + fn), the share of the predicted negatives that is wrong.

    In [0, 1], smaller is better; undefined if nothing is predicted negative. Also: FOR.

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
    >>> print(round(float(ss.false_omission_rate(c)), 4))
    0.3333
    """
    lib, _, _, fn, tn = counts(c)
    return ratio(lib, fn, tn + fn, zero_division)
