"""Correlation and agreement beyond chance between labels and predictions."""

from __future__ import annotations

from typing import Any

from .._types import Confusion
from .guarded import counts, defined, ratio, ratio_of_rates, root, shares


def matthews_corrcoef(c: Confusion, *, zero_division: float = 0.0) -> Any:
    """Return (tp tn - fp fn) / sqrt((tp + fp) (tp + fn) (tn + fp) (tn + fn)).

    In [-1, 1], larger is better; undefined if one of the four sums is 0. The correlation of
    labels and predictions. Also: MCC, phi coefficient.

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
    >>> print(round(float(ss.matthews_corrcoef(c)), 4))
    0.4082
    """
    lib, tp, fp, fn, tn = shares(c)
    deviations = root(lib, (tp + fn) * (tn + fp)) * root(lib, (tp + fp) * (tn + fn))
    return ratio_of_rates(lib, tp * tn - fp * fn, deviations, zero_division)


def markedness(c: Confusion, *, zero_division: float = 0.0) -> Any:
    """Return precision + negative predictive value - 1.

    In [-1, 1], larger is better; undefined if all predictions are alike. Also: MK, delta P.

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
    >>> print(round(float(ss.markedness(c)), 4))
    0.4167
    """
    lib, tp, fp, fn, tn = counts(c)
    value = ratio(lib, tp, tp + fp, 0.0) - ratio(lib, fn, tn + fn, 0.0)
    return defined(lib, value, zero_division, tp + fp, tn + fn)


def cohen_kappa(c: Confusion, *, zero_division: float = 0.0) -> Any:
    """Return 2 (tp tn - fp fn) / ((tp + fp) (fp + tn) + (tp + fn) (fn + tn)).

    In [-1, 1], larger is better; undefined if there is only tp or only tn, where scikit-learn
    gives nan. Agreement beyond the chance that two raters with these rates have. Also: kappa,
    Heidke skill score.

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
    >>> print(round(float(ss.cohen_kappa(c)), 4))
    0.4
    """
    lib, tp, fp, fn, tn = shares(c)
    chance = (tp + fp) * (fp + tn) + (tp + fn) * (fn + tn)
    return ratio_of_rates(lib, 2 * (tp * tn - fp * fn), chance, zero_division)


def scott_pi(c: Confusion, *, zero_division: float = 0.0) -> Any:
    """Return (4 tp tn - (fp + fn)^2) / ((2 tp + fp + fn) (2 tn + fp + fn)).

    In [-1, 1], larger is better; undefined if there is only tp or only tn. Agreement beyond the
    chance that two raters with one common rate have: (a - e) / (1 - e) with accuracy a, e = q^2 +
    (1 - q)^2 and q = (2 tp + fp + fn) / 2 n.

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
    >>> print(round(float(ss.scott_pi(c)), 4))
    0.3939
    """
    lib, tp, fp, fn, tn = shares(c)
    wrong = fp + fn
    excess, chance = 4 * tp * tn - wrong * wrong, (2 * tp + wrong) * (2 * tn + wrong)
    return ratio_of_rates(lib, excess, chance, zero_division)


def gwet_ac1(c: Confusion, *, zero_division: float = 0.0) -> Any:
    """Return (a - e) / (1 - e) with accuracy a and e = 2 q (1 - q).

    In [-1, 1], larger is better; undefined for n = 0. Here q = (2 tp + fp + fn) / 2 n, the mean
    of the rates of positives and of predicted positives. Also: AC1.

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
    >>> print(round(float(ss.gwet_ac1(c)), 4))
    0.4059
    """
    lib, tp, fp, fn, tn = shares(c)
    wrong = fp + fn
    chance = 0.5 * (2 * tp + wrong) * (2 * tn + wrong)
    return ratio_of_rates(lib, tp + tn - chance, tp + tn + wrong - chance, zero_division)


def yule_q(c: Confusion, *, zero_division: float = 0.0) -> Any:
    """Return (tp tn - fp fn) / (tp tn + fp fn).

    In [-1, 1], larger is better; undefined if tp tn = fp fn = 0. It is 1 as soon as fp or fn is
    0. Also: odds ratio skill score.

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
    >>> print(round(float(ss.yule_q(c)), 4))
    0.7143
    """
    lib, tp, fp, fn, tn = counts(c)
    tpr, fnr = ratio(lib, tp, tp + fn, 0.0), ratio(lib, fn, tp + fn, 0.0)
    tnr, fpr = ratio(lib, tn, tn + fp, 0.0), ratio(lib, fp, tn + fp, 0.0)
    return ratio_of_rates(lib, tpr * tnr - fpr * fnr, tpr * tnr + fpr * fnr, zero_division)


def gilbert_skill_score(c: Confusion, *, zero_division: float = 0.0) -> Any:
    """Return (tp - e) / (tp + fp + fn - e) with e = (tp + fp) (tp + fn) / n.

    In [-1/3, 1], larger is better; undefined if there is only tp or only tn. It is `jaccard` less
    the hits expected by chance. Also: equitable threat score (ETS).

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
    >>> print(round(float(ss.gilbert_skill_score(c)), 4))
    0.25
    """
    lib, tp, fp, fn, tn = shares(c)
    # tp - e = (tp tn - fp fn) / n: nothing nearly equal is subtracted.
    excess = tp * tn - fp * fn
    return ratio_of_rates(lib, excess, excess + fp + fn, zero_division)
