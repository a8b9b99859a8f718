"""Metrics that give both classes a say: accuracy and what replaces it on unequal classes."""

from __future__ import annotations

from typing import Any

from .._options import non_negative
from .._types import Confusion
from .guarded import absent, counts, defined, ratio, root


def accuracy(c: Confusion, *, zero_division: float = 0.0) -> Any:
    """Return (tp + tn) / n, the share that is right.

    In [0, 1], larger is better; undefined for n = 0. On unequal classes, always predicting the
    larger one does well. Also: ACC, simple matching.

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
    >>> print(ss.accuracy(c))
    0.7
    """
    lib, tp, fp, fn, tn = counts(c)
    return ratio(lib, tp + tn, tp + fp + fn + tn, zero_division)


def error_rate(c: Confusion, *, zero_division: float = 0.0) -> Any:
    """Return (fp + fn) / n, the share that is wrong.

    In [0, 1], smaller is better; undefined for n = 0. Also: zero-one loss, Hamming loss.

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
    >>> print(ss.error_rate(c))
    0.3
    """
    lib, tp, fp, fn, tn = counts(c)
    return ratio(lib, fp + fn, tp + fp + fn + tn, zero_division)


def balanced_accuracy(c: Confusion, *, zero_division: float = 0.0) -> Any:
    """Return (recall + specificity) / 2.

    In [0, 1], larger is better. If one class is absent it is the other one's share, as in
    scikit-learn; undefined for n = 0. Also: BA, macro recall.

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
    >>> print(ss.balanced_accuracy(c))
    0.7
    """
    lib, tp, fp, fn, tn = counts(c)
    total = ratio(lib, tp, tp + fn, 0.0) + ratio(lib, tn, tn + fp, 0.0)
    single = absent(lib, tp + fn) | absent(lib, tn + fp)
    value = lib.where(single, total, 0.5 * total)
    return defined(lib, value, zero_division, tp + fp + fn + tn)


def informedness(c: Confusion, *, zero_division: float = 0.0) -> Any:
    """Return recall + specificity - 1 = TPR - FPR.

    In [-1, 1], larger is better; undefined if a class is absent. Also: Youden's J, bookmaker
    informedness, true skill statistic (TSS), Peirce or Hanssen-Kuipers skill score, delta P'.

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
    >>> print(round(float(ss.informedness(c)), 4))
    0.4
    """
    lib, tp, fp, fn, tn = counts(c)
    value = ratio(lib, tp, tp + fn, 0.0) - ratio(lib, fp, fp + tn, 0.0)
    return defined(lib, value, zero_division, tp + fn, fp + tn)


def geometric_mean(c: Confusion, *, zero_division: float = 0.0) -> Any:
    """Return sqrt(recall * specificity).

    In [0, 1], larger is better; undefined if a class is absent. Its slope is infinite where
    recall or specificity is 0; the gradient there is 0. Also: G-mean.

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
    >>> print(round(float(ss.geometric_mean(c)), 4))
    0.6928
    """
    lib, tp, fp, fn, tn = counts(c)
    value = root(lib, ratio(lib, tp, tp + fn, 0.0) * ratio(lib, tn, tn + fp, 0.0))
    return defined(lib, value, zero_division, tp + fn, tn + fp)


def bennett_s(c: Confusion, *, zero_division: float = 0.0) -> Any:
    """Return 2 (tp + tn) / n - 1, agreement above that of a fair coin.

    In [-1, 1], larger is better; undefined for n = 0. Also: S, prevalence-adjusted bias-adjusted
    kappa (PABAK), Hamann similarity.

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
    >>> print(ss.bennett_s(c))
    0.4
    """
    lib, tp, fp, fn, tn = counts(c)
    return ratio(lib, tp + tn - (fp + fn), tp + fp + fn + tn, zero_division)


def index_of_balanced_accuracy(
    c: Confusion, *, alpha: float = 1.0, zero_division: float = 0.0
) -> Any:
    """Return (1 + alpha (recall - specificity)) recall * specificity.

    In [0, 1] for alpha = 1, larger is better; undefined if a class is absent. It prefers recall
    over specificity at an equal product. Also: IBA.

    Parameters
    ----------
    c : Confusion
        Counts of any shape, integer or real; or four plain numbers.
    alpha : float, default 1.0
        Weight of the difference, at least 0; with 0 it is the square of `geometric_mean`.
    zero_division : float, default 0.0
        The value where undefined. The gradient is finite everywhere, and 0 there.

    Returns
    -------
    array or float
        Shape and dtype of the counts; float64 for integers. A float for plain numbers.

    Raises
    ------
    ValueError
        If alpha is not a finite number >= 0.

    Examples
    --------
    >>> import numpy as np
    >>> import softset as ss
    >>> c = ss.Confusion(*np.asarray([3.0, 1.0, 2.0, 4.0]))
    >>> print(round(float(ss.index_of_balanced_accuracy(c)), 4))
    0.384
    """
    non_negative("alpha", alpha)
    lib, tp, fp, fn, tn = counts(c)
    tpr, tnr = ratio(lib, tp, tp + fn, 0.0), ratio(lib, tn, tn + fp, 0.0)
    value = (1 + alpha * (tpr - tnr)) * (tpr * tnr)
    return defined(lib, value, zero_division, tp + fn, tn + fp)
