"""The average over examples, by their weights."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .._options import as_int
from .._types import Confusion, Metric
from ..metrics.options import Wrapped
from .checks import of_four
from .means import mean_by


def samples(metric: Metric, axis: int | None = None) -> Metric:
    """Apply the metric to each example, then take the mean over the examples by their weights.

    Parameters
    ----------
    metric : callable
        Any function of a `Confusion`, elementwise over its shape.
    axis : int, optional
        The axis of the counts that runs over the examples; they may have just this one where it is
        left out, as with ``axis=1`` for labels of (N, C).

    Returns
    -------
    callable
        A metric, hashable and picklable if `metric` is. Options such as `zero_division` are
        handed on to `metric`; if nothing has a weight the result is `zero_division` too.

    Raises
    ------
    TypeError
        If `metric` is not callable.
    ValueError
        When called, if the counts have no such axis, or several and `axis` is left out.

    Notes
    -----
    An example weighs what its four counts add up to: its `sample_weight`, times how many of its
    entries count, which without `where` is the same for all. So it is scikit-learn's
    ``average="samples"``, with `sample_weight` too. A plain mean over the examples, whatever their
    weights, is that of the metric itself.

    Examples
    --------
    >>> import numpy as np
    >>> import softset as ss
    >>> score = ss.as_score(ss.samples(ss.recall), threshold=0.5, axis=1)
    >>> y_true, y_prob = np.asarray([[1, 1], [0, 1]]), np.asarray([[0.9, 0.8], [0.7, 0.1]])
    >>> print(score(y_true, y_prob), score(y_true, y_prob, sample_weight=np.asarray([[3], [1]])))
    0.5 0.75
    """
    return Samples(of_four(metric), as_int(axis))


@dataclass(frozen=True)
class Samples(Wrapped):
    """What `samples` returns."""

    axis: int | None = None

    def __call__(self, c: Confusion, **options: Any) -> Any:
        """Return the mean of the metric weighted by all that counts of an example."""
        return mean_by(self, c, lambda: (c.tp + c.fp) + (c.fn + c.tn), options)
