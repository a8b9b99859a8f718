"""Work on the arrays of a call by the library that is quickest with such."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..steps import is_own_step
from .arguments import Arguments


def quickest(function: Callable[[Arguments], Any], call: Arguments) -> Any:
    """Return what a function makes of a call, arrays of its library, by whichever it is found."""
    if not (call.lib.lends and is_own_step(call.step)):  # a user's may know just one
        return function(call)

    def of_arrays(lib: Any, *arrays: Any) -> Any:
        y_prob, y_true, sample_weight, where, threshold, thresholds, groups = arrays
        return function(
            call._replace(
                lib=lib,
                y_true=y_true,
                y_prob=y_prob,
                threshold=threshold,
                thresholds=thresholds,
                sample_weight=sample_weight,
                where=where,
                groups=groups,
            )
        )

    arrays = (call.y_prob, call.y_true, call.sample_weight, call.where)
    found = call.lib.quicker(of_arrays, (*arrays, call.threshold, call.thresholds, call.groups))
    return function(call) if found is None else found
