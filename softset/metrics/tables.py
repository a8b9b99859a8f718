"""Metrics of several classes that take the whole table of counts, elementwise over its other axes.

A metric of your own is a function of a ConfusionTable that `of_table` has marked as one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from .._arrays import Library
from .._options import finite, function
from .._types import ConfusionTable
from .guarded import absent, negligible, ratio, ratio_of_rates, root
from .margins import margins, matrix

_Function = TypeVar("_Function", bound=Callable[..., Any])


def of_table(metric: _Function) -> _Function:
    """Mark a function of your own as a metric of a `ConfusionTable`; a decorator.

    `as_loss` and `as_score` then count a table for it. Without the mark a function is one of the
    four counts of a `Confusion`.

    Parameters
    ----------
    metric : function
        A function of a `ConfusionTable`, differentiable if it is to be a loss.

    Returns
    -------
    function
        The same one.

    Raises
    ------
    TypeError
        If `metric` is no function that an attribute can be set on; of a partial one mark the
        function inside.

    Examples
    --------
    >>> import numpy as np
    >>> import softset as ss
    >>> @ss.of_table
    ... def confused(c):
    ...     return c.counts[..., 0, 1] / c.counts.sum()
    >>> score = ss.as_score(confused)
    >>> print(score(np.asarray([0, 0, 1]), np.asarray([[0.9, 0.1], [0.2, 0.8], [0.3, 0.7]])))
    0.3333333333333333
    """
    function("metric", metric, "a function of a ConfusionTable")
    try:
        vars(metric)["_of_table"] = True
    except TypeError as error:
        raise TypeError(
            f"`metric` must be a function that can be marked, got {metric!r}; mark one around it"
        ) from error
    return metric


@of_table
def multiclass_accuracy(c: ConfusionTable, *, zero_division: float = 0.0) -> Any:
    """Return the sum of the diagonal / n, the share that is right.

    In [0, 1], larger is better; undefined for n = 0. scikit-learn's `accuracy_score`, torchmetrics'
    `multiclass_accuracy(average="micro")`.

    Parameters
    ----------
    c : ConfusionTable
        Counts of shape (..., C, C), integer or real.
    zero_division : float, default 0.0
        The value where undefined. The gradient is finite everywhere, and 0 there.

    Returns
    -------
    array
        Of the shape that the counts have beside the classes; float64 for integers.

    Examples
    --------
    >>> import numpy as np
    >>> import softset as ss
    >>> c = ss.ConfusionTable(np.asarray([[3, 1, 0], [0, 2, 0], [1, 1, 2]]))
    >>> print(ss.multiclass_accuracy(c))
    0.7
    """
    m = margins(c)
    return ratio(m.lib, m.lib.xp.sum(m.right, axis=-1), m.n, zero_division)


@of_table
def multiclass_balanced_accuracy(c: ConfusionTable, *, zero_division: float = 0.0) -> Any:
    """Return the mean recall of the classes that occur.

    In [0, 1], larger is better; undefined for n = 0. scikit-learn's `balanced_accuracy_score`.

    Parameters
    ----------
    c : ConfusionTable
        Counts of shape (..., C, C), integer or real.
    zero_division : float, default 0.0
        The value where undefined. The gradient is finite everywhere, and 0 there.

    Returns
    -------
    array
        Of the shape that the counts have beside the classes; float64 for integers.

    Examples
    --------
    >>> import numpy as np
    >>> import softset as ss
    >>> c = ss.ConfusionTable(np.asarray([[3, 1, 0], [0, 2, 0], [1, 1, 2]]))
    >>> print(ss.multiclass_balanced_accuracy(c))
    0.75
    """
    m = margins(c)
    xp = m.lib.xp
    recalls = ratio(m.lib, m.right, m.true, 0.0)
    occurring = xp.astype(~absent(m.lib, m.true), recalls.dtype)
    return ratio_of_rates(
        m.lib, xp.sum(recalls, axis=-1), xp.sum(occurring, axis=-1), zero_division
    )


@of_table
def multiclass_geometric_mean(c: ConfusionTable, *, zero_division: float = 0.0) -> Any:
    """Return the geometric mean of the recalls of the classes that occur.

    In [0, 1], larger is better; undefined for n = 0. It is 0 if all of a class is missed, and its
    slope, infinite there, is taken for 0. imbalanced-learn's `geometric_mean_score`, which counts
    a recall of 0 for a class that is only predicted. Also: G-mean. Source: Sun et al. 2006.

    Parameters
    ----------
    c : ConfusionTable
        Counts of shape (..., C, C), integer or real.
    zero_division : float, default 0.0
        The value where undefined. The gradient is finite everywhere, and 0 there.

    Returns
    -------
    array
        Of the shape that the counts have beside the classes; float64 for integers.

    Examples
    --------
    >>> import numpy as np
    >>> import softset as ss
    >>> c = ss.ConfusionTable(np.asarray([[3, 1, 0], [0, 2, 0], [1, 1, 2]]))
    >>> print(round(float(ss.multiclass_geometric_mean(c)), 4))
    0.7211
    """
    m = margins(c)
    lib, xp = m.lib, m.lib.xp
    recalls = ratio(lib, m.right, m.true, 1.0)
    missed = negligible(recalls)
    number = xp.sum(xp.astype(~absent(lib, m.true), recalls.dtype), axis=-1)
    total = xp.sum(xp.log(lib.where(missed, xp.ones_like(recalls), recalls)), axis=-1)
    value = xp.exp(ratio_of_rates(lib, total, number, 0.0))
    value = lib.where(xp.any(missed, axis=-1), xp.zeros_like(value), value)
    return lib.where(number <= 0, xp.full_like(value, zero_division), value)


@of_table
def multiclass_matthews_corrcoef(c: ConfusionTable, *, zero_division: float = 0.0) -> Any:
    """Return (n s - sum t_k p_k) / sqrt((n^2 - sum p_k^2) (n^2 - sum t_k^2)).

    With s on the diagonal, and t_k true and p_k predicted in class k. At most 1, and from -1 on
    for two classes, larger is better; undefined if all are of one class, or all predicted so.
    scikit-learn's `matthews_corrcoef`. Also: R_K. Source: Gorodkin 2004.

    Parameters
    ----------
    c : ConfusionTable
        Counts of shape (..., C, C), integer or real.
    zero_division : float, default 0.0
        The value where undefined. The gradient is finite everywhere, and 0 there.

    Returns
    -------
    array
        Of the shape that the counts have beside the classes; float64 for integers.

    Examples
    --------
    >>> import numpy as np
    >>> import softset as ss
    >>> c = ss.ConfusionTable(np.asarray([[3, 1, 0], [0, 2, 0], [1, 1, 2]]))
    >>> print(round(float(ss.multiclass_matthews_corrcoef(c)), 4))
    0.5937
    """
    m = margins(c).shares()
    xp = m.lib.xp
    covariance = xp.sum(m.right - m.true * m.predicted, axis=-1)
    of_true = xp.sum(m.true * _others(m.lib, m.true), axis=-1)
    of_predicted = xp.sum(m.predicted * _others(m.lib, m.predicted), axis=-1)
    deviations = root(m.lib, of_true) * root(m.lib, of_predicted)
    return ratio_of_rates(m.lib, covariance, deviations, zero_division)


@of_table
def multiclass_cohen_kappa(
    c: ConfusionTable, *, weights: str | None = None, zero_division: float = 0.0
) -> Any:
    """Return 1 - sum w_ij T_ij / sum w_ij E_ij, with E_ij = t_i p_j / n.

    At most 1, larger is better; undefined if all are of one class and predicted so. Disagreement
    by less than chance: E is what raters who know nothing of each other have. Without weights w is
    1 off the diagonal; "linear" is ``|i - j|``, "quadratic" its square, for classes in order.
    scikit-learn's `cohen_kappa_score`. Source: Cohen 1960, 1968.

    Parameters
    ----------
    c : ConfusionTable
        Counts of shape (..., C, C), integer or real.
    weights : None, "linear" or "quadratic"
        What a confusion of two classes weighs.
    zero_division : float, default 0.0
        The value where undefined. The gradient is finite everywhere, and 0 there.

    Returns
    -------
    array
        Of the shape that the counts have beside the classes; float64 for integers.

    Raises
    ------
    ValueError
        If weights is none of these.

    Examples
    --------
    >>> import numpy as np
    >>> import softset as ss
    >>> c = ss.ConfusionTable(np.asarray([[3, 1, 0], [0, 2, 0], [1, 1, 2]]))
    >>> print(round(float(ss.multiclass_cohen_kappa(c, weights="quadratic")), 4))
    0.5714
    """
    if weights not in (None, "linear", "quadratic"):
        raise ValueError(f"`weights` must be None, 'linear' or 'quadratic', got {weights!r}")
    m = margins(c).shares()
    xp, number = m.lib.xp, m.right.shape[-1]
    if weights is None:
        excess = xp.sum(m.right - m.true * m.predicted, axis=-1)
        # 1 - sum t p, with nothing nearly equal to be subtracted.
        chance = xp.sum(m.true * _others(m.lib, m.predicted), axis=-1)
        return ratio_of_rates(m.lib, excess, chance, zero_division)
    of_pairs = _distances(number, weights)
    weight = matrix(m.lib, of_pairs, m.right)
    by_class = xp.sum(m.predicted[..., None, :] * weight, axis=-1)
    chance = xp.sum(m.true * by_class, axis=-1)
    return ratio_of_rates(m.lib, chance - m.total_of(of_pairs), chance, zero_division)


@of_table
def multiclass_expected_cost(
    c: ConfusionTable, *, cost: tuple[tuple[float, ...], ...], zero_division: float = 0.0
) -> Any:
    """Return sum cost_ij T_ij / n, the mean cost.

    Smaller is better; undefined for n = 0. Linear in the counts. Source: Elkan 2001.

    Parameters
    ----------
    c : ConfusionTable
        Counts of shape (..., C, C), integer or real.
    cost : tuple of C tuples of C floats
        What it costs to predict class j where i is true, as ``cost[i][j]``; negative for a gain.
    zero_division : float, default 0.0
        The value where undefined. The gradient is finite everywhere, and 0 there.

    Returns
    -------
    array
        Of the shape that the counts have beside the classes; float64 for integers.

    Raises
    ------
    ValueError
        If cost is no matrix of finite numbers with a row and a column for each class.

    Examples
    --------
    >>> import numpy as np
    >>> import softset as ss
    >>> c = ss.ConfusionTable(np.asarray([[3, 1, 0], [0, 2, 0], [1, 1, 2]]))
    >>> print(ss.multiclass_expected_cost(c, cost=((0, 1, 2), (1, 0, 1), (5, 1, 0))))
    0.7
    """
    m = margins(c)
    total = m.total_of(_costs(cost, m.right.shape[-1]))
    return ratio(m.lib, total, m.n, zero_division)


TABLES = (
    multiclass_accuracy,
    multiclass_balanced_accuracy,
    multiclass_cohen_kappa,
    multiclass_expected_cost,
    multiclass_geometric_mean,
    multiclass_matthews_corrcoef,
)


def _others(lib: Library, shares: Any) -> Any:
    """Return 1 - shares, exactly 0 for one that is all, whether it is rounded to 1 or not."""
    return lib.xp.sum(shares, axis=-1, keepdims=True) - shares


def _distances(number: int, weights: str) -> tuple[tuple[float, ...], ...]:
    power = 1 if weights == "linear" else 2
    return tuple(tuple(float(abs(i - j) ** power) for j in range(number)) for i in range(number))


def _costs(cost: Any, number: int) -> tuple[tuple[float, ...], ...]:
    rows = cost.tolist() if hasattr(cost, "tolist") else cost
    if (
        not isinstance(rows, (tuple, list))
        or len(rows) != number
        or any(not isinstance(row, (tuple, list)) or len(row) != number for row in rows)
    ):
        raise ValueError(
            f"`cost` must have a row and a column for each of {number} classes, got {cost!r}"
        )
    for row in rows:
        for x in row:
            finite("cost", x)
    return tuple(tuple(map(float, row)) for row in rows)
