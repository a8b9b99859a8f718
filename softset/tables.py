"""Tables of C x C counts: the door to counting one, and the four counts of each class of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from ._counting import arguments
from ._counting.closed_form import counts
from ._types import Array, Confusion, ConfusionTable, Metric, Step
from .averages.axes import on_axis
from .metrics.margins import margins
from .metrics.options import freeze, kind_of, name_of
from .steps import Softmax


def confusion_table(
    y_true: Array,
    y_prob: Array,
    *,
    step: Step = Softmax(),
    sample_weight: Array | None = None,
    where: Array | None = None,
    axis: int | tuple[int, ...] | None = None,
    from_logits: bool = False,
) -> ConfusionTable:
    """Count how often each class is taken for each, with decisions or with shares.

    With labels y and memberships h = step(y_prob), of each example n and class::

        counts[i, j] = sum over n of w_n y_ni h_nj

    so row i sums to the weight of class i, for every step.

    Parameters
    ----------
    y_true : array
        Class numbers from 0 to C - 1, of an integer dtype and the shape of `y_prob` without the
        class axis: (N,) beside (N, C), (B, H, W) beside (B, C, H, W). Or labels of the shape of
        `y_prob`: one of the classes, or shares of several that sum to 1.
    y_prob : array of a floating dtype
        Probabilities in [0, 1], or logits with ``from_logits=True``.
    step : Softmax, ArgMax or StraightThrough(Softmax()), default Softmax()
        How scores become memberships. Its `axis`, the last one by default, is the class axis.
    sample_weight : array, optional
        Finite weights >= 0, of the shape of `y_prob` without the class axis, or with one of length
        1; other lengths may be 1 as well.
    where : array of bool, optional
        False for examples that do not count, whatever they hold: ``where=y_true != 255``. Of the
        shape of `sample_weight`.
    axis : int, tuple of ints, optional
        The axes of `y_prob` to sum over; the others stay, in front of the classes. All by default.
    from_logits : bool, default False
        Whether `y_prob` holds logits. It is never guessed from the values.

    Returns
    -------
    ConfusionTable
        Its `counts` are of shape (..., C, C), in the dtype of the scores, float32 for float16 and
        bfloat16. Differentiable in `y_prob`, `sample_weight` and a real `y_true`.

    Raises
    ------
    TypeError
        If an argument is not an array, has a dtype that cannot be meant, or comes from another
        library than the others.
    ValueError
        If the step does not look along the classes, if shapes or axes do not fit, or, where values
        can be seen and `checks` is on, if the input is empty or a value is NaN or out of range: a
        class number that is none, labels of an example that do not sum to 1.

    Notes
    -----
    Where values cannot be seen, a number that is no class counts nowhere.

    Examples
    --------
    >>> import numpy as np
    >>> import softset as ss
    >>> y_true = np.asarray([0, 1, 2, 2])
    >>> y_prob = np.asarray([[0.6, 0.3, 0.1], [0.5, 0.4, 0.1], [0.1, 0.1, 0.8], [0.2, 0.3, 0.5]])
    >>> print(ss.confusion_table(y_true, y_prob, step=ss.ArgMax()).counts)
    [[1. 0. 0.]
     [1. 0. 0.]
     [0. 0. 2.]]
    >>> print(ss.confusion_table(y_true, y_prob).counts.round(1))
    [[0.6 0.3 0.1]
     [0.5 0.4 0.1]
     [0.3 0.4 1.3]]
    """
    call = arguments.arrive(
        y_true, y_prob, 0.5, None, step, sample_weight, where, axis, from_logits
    )
    return ConfusionTable(*counts(call._replace(kind=ConfusionTable)))


def one_vs_rest_counts(c: ConfusionTable) -> Confusion:
    """Return the four counts of each class of a table, one against the rest.

    Parameters
    ----------
    c : ConfusionTable
        Counts of shape (..., C, C).

    Returns
    -------
    Confusion
        Counts of shape (..., C), with the class axis last: tp is the diagonal. Differentiable.

    Raises
    ------
    TypeError
        If `c` is not a ConfusionTable.

    Examples
    --------
    >>> import numpy as np
    >>> import softset as ss
    >>> c = ss.ConfusionTable(np.asarray([[3.0, 1.0, 0.0], [0.0, 2.0, 0.0], [1.0, 1.0, 2.0]]))
    >>> print(*ss.one_vs_rest_counts(c))
    [3. 2. 2.] [1. 2. 0.] [1. 0. 2.] [5. 6. 6.]
    """
    m = margins(c)
    fp, fn = m.predicted - m.right, m.true - m.right
    return Confusion(m.right, fp, fn, m.n[..., None] - m.true - fp)


def one_vs_rest(metric: Metric) -> Metric:
    """Turn a metric of the four counts of classes into a metric of their table.

    Parameters
    ----------
    metric : callable
        Any function of a `Confusion`, as a rule an average: ``one_vs_rest(macro(f1))``.

    Returns
    -------
    callable
        A function of a `ConfusionTable`, hashable and picklable if `metric` is. Options are handed
        on to `metric`. The numbers are those of `confusion` with labels and the same step, counted
        for each class by itself.

    Raises
    ------
    TypeError
        If `metric` is not callable, or is one of a table already.

    Examples
    --------
    >>> import numpy as np
    >>> import softset as ss
    >>> c = ss.ConfusionTable(np.asarray([[3.0, 1.0, 0.0], [0.0, 2.0, 0.0], [1.0, 1.0, 2.0]]))
    >>> print(round(float(ss.one_vs_rest(ss.macro(ss.f1))(c)), 4))
    0.6944
    """
    if kind_of(metric) is not Confusion:
        raise TypeError(
            f"`metric` must be one of a Confusion, got {name_of(metric)}, which takes a "
            "ConfusionTable as it is"
        )
    return OneVsRest(freeze(metric))


@dataclass(frozen=True)
class OneVsRest:
    """What `one_vs_rest` returns."""

    metric: Metric

    _of_table: ClassVar[bool] = True

    def __call__(self, c: ConfusionTable, **options: Any) -> Any:
        """Return the metric of the four counts of each class."""
        return on_axis(self.metric, -1)(one_vs_rest_counts(c), **options)
