"""The table of a classification: precision, recall, F1 and support of each class and on average."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

import softset as ss

from .in_numpy import in_numpy

_METRICS = {"precision": ss.precision, "recall": ss.recall, "f1-score": ss.f1}
_AVERAGES = {"micro": ss.micro, "macro": ss.macro, "weighted": ss.weighted}


@dataclass(frozen=True)
class ClassificationReport:
    """What `classification_report` returns; as ``str`` it is a table.

    Attributes
    ----------
    data : dict
        For each class and average a dict of "precision", "recall", "f1-score" and "support", and
        for "accuracy" a number.
    digits : int
        How many decimals the table has.
    """

    data: dict[str, Any]
    digits: int

    def __str__(self) -> str:
        """Return the table."""
        support = self.data["macro avg"]["support"]
        rows = [("", (*_METRICS, "support"))]
        for name, found in self.data.items():
            if isinstance(found, dict):
                cells = [self._rounded(found[metric]) for metric in _METRICS]
                rows.append((name, (*cells, self._number(found["support"]))))
            else:
                rows.append((name, ("", "", self._rounded(found), self._number(support))))
        width = max(len(name) for name, _ in rows)
        column = max(len(cell) for _, cells in rows for cell in cells)
        lines = [f"{x:>{width}}  " + " ".join(f"{y:>{column}}" for y in z) for x, z in rows]
        averages = 2 + ("accuracy" not in self.data or "micro avg" not in self.data)
        groups = (lines[:1], lines[1:-averages], lines[-averages:])
        return "\n\n".join("\n".join(group) for group in groups)

    def _rounded(self, value: float) -> str:
        return f"{value:.{self.digits}f}"

    def _number(self, support: float) -> str:
        return f"{support:.0f}" if float(support).is_integer() else self._rounded(support)


def classification_report(
    confusion: ss.Confusion,
    *,
    names: Sequence[str] | None = None,
    axis: int | None = None,
    zero_division: float = 0.0,
    digits: int = 2,
) -> ClassificationReport:
    """Return precision, recall, F1 and support of each class, and their averages.

    Parameters
    ----------
    confusion : Confusion
        Hard counts for each class, as from ``score.confusion(...)`` with ``axis=0``, of any
        framework. Of a single label, whose counts are numbers, the two classes are reported.
    names : sequence of str, optional
        What the classes are called, by default their numbers.
    axis : int, optional
        The class axis. Over the others, such as one of examples, the counts are added up, so none
        may be one of thresholds. Counts of one axis need not be told.
    zero_division : float, default 0.0
        The value of a metric where it is undefined.
    digits : int, default 2
        How many decimals the table has.

    Returns
    -------
    ClassificationReport
        ``str(report)`` is the table, and ``report.data`` has the numbers by the names of the rows,
        as scikit-learn's ``classification_report(output_dict=True)``.

    Raises
    ------
    TypeError
        If `confusion` is not a Confusion.
    ValueError
        If it has several axes and `axis` is left out, or no such axis; if there are not as many
        `names` as classes, two are equal, or one is that of an average.

    Notes
    -----
    With one true class for each example and one decision, precision, recall and F1 are equal in the
    micro average, and are the accuracy: it stands in its place where the supports, and what is
    predicted, both add up to the number of examples. The macro average leaves out classes that are
    neither true nor predicted anywhere, as scikit-learn does for class numbers.

    Examples
    --------
    >>> import numpy as np
    >>> import softset as ss
    >>> from softset_backends import classification_report
    >>> score = ss.as_score(ss.macro(ss.f1), step=ss.ArgMax(), axis=0)
    >>> y_prob = np.asarray([[0.6, 0.3, 0.1], [0.3, 0.4, 0.3], [0.3, 0.4, 0.3], [0.1, 0.2, 0.7]])
    >>> c = score.confusion(ss.one_hot(np.asarray([0, 1, 2, 2]), 3), y_prob)
    >>> report = classification_report(c, names=["cat", "dog", "owl"])
    >>> print(report)
                  precision    recall  f1-score   support
    <BLANKLINE>
             cat       1.00      1.00      1.00         1
             dog       0.50      1.00      0.67         1
             owl       1.00      0.50      0.67         2
    <BLANKLINE>
        accuracy                           0.75         4
       macro avg       0.83      0.83      0.78         4
    weighted avg       0.88      0.75      0.75         4
    >>> print(round(report.data["owl"]["f1-score"], 2))
    0.67
    """
    c = _by_class(confusion, axis)
    number = c.tp.shape[0]
    given = [str(i) for i in range(number)] if names is None else [str(x) for x in names]
    rows = ("accuracy", *(f"{name} avg" for name in _AVERAGES))
    if len(given) != number or len(set(given)) != number or set(given) & set(rows):
        raise ValueError(
            f"`names` must be one for each of {number} classes, different from each other and from "
            f"{', '.join(rows)}, got {given}"
        )
    metrics = {name: partial(f, zero_division=zero_division) for name, f in _METRICS.items()}
    support = c.tp + c.fn
    each = {name: metric(c) for name, metric in metrics.items()} | {"support": support}
    data: dict[str, Any] = {
        name: {column: float(values[i]) for column, values in each.items()}
        for i, name in enumerate(given)
    }
    for name, average in _AVERAGES.items():
        if name == "micro" and _has_accuracy(c):
            data["accuracy"] = float(ss.micro(ss.recall)(c))
            continue
        found = {column: float(average(metric)(c)) for column, metric in metrics.items()}
        data[f"{name} avg"] = found | {"support": float(support.sum())}
    return ClassificationReport(data, digits)


def _by_class(confusion: ss.Confusion, axis: int | None) -> ss.Confusion:
    """Return counts of one axis, that of the classes."""
    if not isinstance(confusion, ss.Confusion):
        raise TypeError(f"`confusion` must be a Confusion, got {type(confusion).__name__}")
    c = ss.Confusion(
        *(in_numpy(name, x).astype(np.float64) for name, x in confusion._asdict().items())
    )
    ndim = c.tp.ndim
    if ndim == 0:
        (tp, fp, fn, tn) = c
        return ss.Confusion(*(np.stack(x) for x in ((tn, tp), (fn, fp), (fp, fn), (tp, tn))))
    if axis is None and ndim > 1:
        raise ValueError(
            f"`axis` must say which axis holds the classes, got counts of shape {c.tp.shape}"
        )
    axis = -1 if axis is None else axis
    if not -ndim <= axis < ndim:
        raise ValueError(f"`axis` must be one of the {ndim} axes of the counts, got {axis}")
    others = tuple(i for i in range(ndim) if i != axis % ndim)
    return ss.Confusion(*(x.sum(axis=others) for x in c))


def _has_accuracy(c: ss.Confusion) -> bool:
    """Tell whether each example has one class, and one that is predicted."""
    n = c.tp + c.fp + c.fn + c.tn
    return bool(
        np.allclose([*n, (c.tp + c.fn).sum(), (c.tp + c.fp).sum()], n[0], rtol=1e-6, atol=0)
    )
