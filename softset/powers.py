"""Powers of what a metric falls short by: focal losses of counts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ._arrays import library
from ._arrays.numbers import KINDS
from ._arrays.numbers import LIBRARY as NUMBERS
from ._options import positive
from ._types import Confusion, Metric
from .metrics import diagnostic_odds_ratio, larger_is_better, lift, positive_likelihood_ratio
from .metrics.guarded import negligible
from .metrics.options import Wrapped, core, freeze

_UNBOUNDED = (diagnostic_odds_ratio, lift, positive_likelihood_ratio)


def focal(metric: Metric, *, power: float) -> Metric:
    """Raise what a metric falls short of 1 by to a power: 1 - (1 - metric)^power.

    So the loss is (1 - metric)^power. Above 1 it turns to what is bad, as focal losses do, and a
    class that is almost right has next to no gradient; below 1 such a class keeps a large one.
    Of a metric that is better when smaller it is metric^power.

    Parameters
    ----------
    metric : callable
        Any function of a `Confusion`. One of softset's goes in its own direction; one of your own
        is taken to be better when larger, and to be 1 at best.
    power : float
        The power, above 0. Abraham and Khan's gamma is 1 / power, 4/3 in their paper, and
        segmentation-models-pytorch's is the power.

    Returns
    -------
    callable
        A metric, better in the direction in which `metric` is, hashable and picklable if that
        is. Options such as `zero_division` are handed on to `metric`.

    Raises
    ------
    TypeError
        If `metric` is not callable.
    ValueError
        If `power` is not a positive finite number; if `metric` has no direction, or no best value.

    Notes
    -----
    At a perfect class the slope of a power below 1 is infinite, and times a count's slope of 0 it
    would be NaN. There, up to an error of 1e-18, the gradient is 0: it is the minimum. Values of
    a metric of your own above 1 count as 1. Of a mean over classes write which comes first:
    ``macro(focal(...))`` is the mean of powers, ``focal(macro(...))`` the power of the mean.
    Source: Abraham and Khan 2019, A novel focal Tversky loss function, Eq. 4.

    Examples
    --------
    >>> from functools import partial
    >>> import numpy as np
    >>> import softset as ss
    >>> index = partial(ss.tversky, fp_weight=0.3, fn_weight=0.7)
    >>> c = ss.Confusion(*np.asarray([[3.0, 4.0], [1.0, 0.0], [2.0, 0.0], [4.0, 6.0]]))
    >>> print((1 - ss.focal(index, power=0.75)(c)).round(4))
    [0.4664 0.    ]
    """
    positive("power", power)
    frozen = freeze(metric)
    larger, inner = larger_is_better(frozen), core(frozen)
    if larger is None or any(inner is unbounded for unbounded in _UNBOUNDED):
        raise ValueError(
            f"`metric` must have a best value to fall short of, got {inner.__name__}; of a ratio "
            "without bound take the logarithm, and of a rate without direction a cost of your own"
        )
    return Focal(frozen, power, larger)


@dataclass(frozen=True)
class Focal(Wrapped):
    """What `focal` returns."""

    power: float
    larger: bool

    def __call__(self, c: Confusion, **options: Any) -> Any:
        """Return the metric with its error raised to the power."""
        value = self.metric(c, **options)
        if self.power == 1:
            return value
        lib = NUMBERS if type(value) in KINDS else library(("metric",), (value,))
        error = 1 - value if self.larger else value
        perfect = negligible(error)
        # Chosen before the power is taken, so that neither it nor its slope is ever infinite.
        raised = lib.where(perfect, 0.0, lib.where(perfect, 1.0, error) ** self.power)
        return 1 - raised if self.larger else raised
