"""The F family: the overlap of the positives with the predicted positives."""

from __future__ import annotations

from typing import Any

from .._options import non_negative, positive
from .._types import Confusion
from .guarded import counts, defined, divided_by_sum, ratio, ratio_of_rates, root


def fbeta(c: Confusion, *, beta: float, zero_division: float = 0.0) -> Any:
    """Return (1 + beta^2) tp / ((1 + beta^2) tp + beta^2 fn + fp).

    In [0, 1], larger is better; undefined if tp = fp = fn = 0. The weighted harmonic mean of
    precision and recall.

    Parameters
    ----------
    c : Confusion
        Counts of any shape, integer or real; or four plain numbers.
    beta : float
        How many times recall matters as much as precision, above 0.
    zero_division : float, default 0.0
        The value where undefined. The gradient is finite everywhere, and 0 there.

    Returns
    -------
    array or float
        Shape and dtype of the counts; float64 for integers. A float for plain numbers.

    Raises
    ------
    ValueError
        If beta is not a positive finite number.

    Examples
    --------
    >>> import numpy as np
    >>> import softset as ss
    >>> c = ss.Confusion(*np.asarray([3.0, 1.0, 2.0, 4.0]))
    >>> print(round(float(ss.fbeta(c, beta=2.0)), 4))
    0.625
    """
    positive("beta", beta)
    fp_weight = 1 / (1 + beta * beta)
    return tversky(c, fp_weight=fp_weight, fn_weight=1 - fp_weight, zero_division=zero_division)


def f1(c: Confusion, *, zero_division: float = 0.0) -> Any:
    """Return 2 tp / (2 tp + fp + fn).

    In [0, 1], larger is better; undefined if tp = fp = fn = 0. Without positives the gradient is
    0. Also: F-measure, Dice, Sorensen-Dice (DSC), Czekanowski.

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
    >>> print(round(float(ss.f1(c)), 4))
    0.6667
    """
    lib, tp, fp, fn, _ = counts(c)
    return ratio(lib, tp, tp + 0.5 * fp + 0.5 * fn, zero_division)


def negative_f1(c: Confusion, *, zero_division: float = 0.0) -> Any:
    """Return 2 tn / (2 tn + fp + fn), the F1 of the negative class.

    In [0, 1], larger is better; undefined if tn = fp = fn = 0. Also: inverse F,
    Fleiss-Levin-Paik.

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
    >>> print(round(float(ss.negative_f1(c)), 4))
    0.7273
    """
    lib, _, fp, fn, tn = counts(c)
    return ratio(lib, tn, tn + 0.5 * (fp + fn), zero_division)


def jaccard(c: Confusion, *, zero_division: float = 0.0) -> Any:
    """Return tp / (tp + fp + fn), intersection over union.

    In [0, 1], larger is better; undefined if tp = fp = fn = 0. Also: IoU, Tanimoto, critical
    success index (CSI), threat score.

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
    >>> print(ss.jaccard(c))
    0.5
    """
    lib, tp, fp, fn, _ = counts(c)
    return ratio(lib, tp, tp + fp + fn, zero_division)


def tversky(c: Confusion, *, fp_weight: float, fn_weight: float, zero_division: float = 0.0) -> Any:
    """Return tp / (tp + fp_weight fp + fn_weight fn).

    In [0, 1], larger is better; undefined if the denominator is 0, with positive weights for tp =
    fp = fn = 0. Weights of 1/2 give `f1`, of 1 `jaccard`. Libraries differ on which weight is
    called alpha, hence the names.

    Parameters
    ----------
    c : Confusion
        Counts of any shape, integer or real; or four plain numbers.
    fp_weight, fn_weight : float
        Weights of the two kinds of error, at least 0 and not both 0.
    zero_division : float, default 0.0
        The value where undefined. The gradient is finite everywhere, and 0 there.

    Returns
    -------
    array or float
        Shape and dtype of the counts; float64 for integers. A float for plain numbers.

    Raises
    ------
    ValueError
        If a weight is negative or not finite, or if both are 0.

    Examples
    --------
    >>> import numpy as np
    >>> import softset as ss
    >>> c = ss.Confusion(*np.asarray([3.0, 1.0, 2.0, 4.0]))
    >>> print(round(float(ss.tversky(c, fp_weight=0.3, fn_weight=0.7)), 4))
    0.6383
    """
    non_negative("fp_weight", fp_weight)
    non_negative("fn_weight", fn_weight)
    if fp_weight == 0 and fn_weight == 0:
        raise ValueError(
            "`fp_weight` and `fn_weight` must not both be 0; the index would be constant"
        )
    lib, tp, fp, fn, _ = counts(c)
    return ratio(lib, tp, tp + fp_weight * fp + fn_weight * fn, zero_division)


def fowlkes_mallows(c: Confusion, *, zero_division: float = 0.0) -> Any:
    """Return tp / sqrt((tp + fp) (tp + fn)), the geometric mean of precision and recall.

    In [0, 1], larger is better; undefined without positives or if nothing is predicted positive.
    Also: G-measure, Otsuka-Ochiai, cosine similarity.

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
    >>> print(round(float(ss.fowlkes_mallows(c)), 4))
    0.6708
    """
    lib, tp, fp, fn, _ = counts(c)
    tp, fp, fn = divided_by_sum(lib, tp, fp, fn)
    value = ratio_of_rates(lib, tp, root(lib, tp + fp) * root(lib, tp + fn), 0.0)
    return defined(lib, value, zero_division, tp + fp, tp + fn)


def p4(c: Confusion, *, zero_division: float = 0.0) -> Any:
    """Return 4 tp tn / (4 tp tn + (tp + tn) (fp + fn)).

    In [0, 1], larger is better; undefined if tp = tn = 0, or if one of them is 0 and there is no
    error. The harmonic mean of precision, recall, specificity and negative predictive value.

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
    >>> print(round(float(ss.p4(c)), 4))
    0.6957
    """
    lib, tp, fp, fn, tn = counts(c)
    # Divided by tp + tn nothing is larger than a count.
    both = 4 * (tp * ratio(lib, tn, tp + tn, 0.0))
    total = both + fp + fn
    return defined(lib, ratio(lib, both, total, 0.0), zero_division, total, tp + tn)
