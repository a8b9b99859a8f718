"""From the arguments of a call to checked arrays of one dtype and one rank."""

from __future__ import annotations

from typing import Any, NamedTuple

from . import _checks
from ._logits import logit_of, logits_of
from ._namespace import (
    argument_namespace,
    full_like_number,
    of_one_shape,
    static_shape,
    stop_gradient,
    unwrap,
)
from ._operations import clipped
from ._sums import widened
from ._values import check_increasing, check_thresholds, check_values
from .steps import Hard, Identity, StraightThrough, keeps_nan


class Arguments(NamedTuple):
    """What `confusion` is called with."""

    y_true: Any
    y_prob: Any
    threshold: Any
    thresholds: Any
    step: Any
    sample_weight: Any
    where: Any
    axis: Any
    from_logits: bool


class Batch(NamedTuple):
    """Checked input in one dtype, ready to be counted.

    Where `from_logits` is true the scores are logits, and `threshold` is a probability; `cut` is
    then the logit at which a step decides that is hard forwards. The hard step itself is given
    logits for both.
    """

    labels: Any
    scores: Any
    weights: Any
    threshold: Any
    grid: bool
    seen: bool
    clipped: bool
    axes: tuple[int, ...]
    xp: Any
    from_logits: bool
    cut: Any


def prepare(arguments: Arguments, *, seen: bool | None = None) -> Batch:
    """Check the arguments of `confusion` and bring them to one dtype and one rank.

    Where they have been checked before, `seen` says whether their values could be seen.
    """
    y_true, y_prob, threshold, thresholds, step, sample_weight, where, axis, from_logits = arguments
    y_true, y_prob = unwrap(y_true), unwrap(y_prob)
    threshold, thresholds = unwrap(threshold), unwrap(thresholds)
    sample_weight, where = unwrap(sample_weight), unwrap(where)
    xp = namespace_of_all(y_true, y_prob, threshold, thresholds, sample_weight, where)
    if seen is None:
        _checks.function("step", step, "a step function such as Linear()")
        seen = check_arrays(xp, y_true, y_prob, sample_weight, where, from_logits=from_logits)
    axes = _checks.axes(axis, len(static_shape(y_prob)))

    scores = to_float(xp, y_prob)
    weights = None if sample_weight is None else cast(xp, sample_weight, scores.dtype)
    labels = of_one_shape(cast(xp, y_true, scores.dtype), scores)
    if where is not None:
        labels, scores, weights = masked(xp, labels, scores, weights, where)
    clips = not (seen or from_logits)
    if clips:
        scores = clipped(scores, alone=isinstance(step, Identity))
    if not (seen or keeps_nan(step)):  # a label that is not a number makes all its counts so
        labels = xp.where(scores == scores, labels, xp.nan)

    hard, cut = isinstance(step, Hard), None
    if from_logits and type(step) in (Hard, StraightThrough):
        cut = threshold if thresholds is None else thresholds
    if thresholds is None:
        tau = _threshold(xp, "threshold", threshold, scores, hard=hard)
    else:
        tau = _grid(xp, threshold, thresholds, scores, hard=hard)
        # Not expand_dims, which in Dask needs the lengths.
        labels, scores = labels[..., None], scores[..., None]
        weights = None if weights is None else weights[..., None]
    cut = None if cut is None else _as_logits(xp, cut, scores)
    if cut is not None and hard:
        tau, cut, from_logits = cut, None, False
    grid = thresholds is not None
    return Batch(labels, scores, weights, tau, grid, seen, clips, axes, xp, from_logits, cut)


def prepare_scores(y_true: Any, y_score: Any, *, sample_weight: Any, where: Any) -> Batch:
    """Check and convert scores of any scale, which are held to what logits are: finite."""
    try:
        return prepare(
            Arguments(y_true, y_score, 0.5, None, Hard(), sample_weight, where, None, True)
        )
    except (TypeError, ValueError) as error:
        if type(error) not in (TypeError, ValueError):  # a tracer's, say
            raise
        message = str(error).replace("y_prob", "y_score").replace("logits", "scores")
        raise type(error)(message) from error


def namespace_of_all(
    y_true: Any, y_prob: Any, threshold: Any, thresholds: Any, sample_weight: Any, where: Any
) -> Any:
    """Return the namespace of a call's arrays, refusing whatever is not one."""
    for name, x in (("y_true", y_true), ("y_prob", y_prob)):
        if x is None or type(x) in (bool, int, float):
            raise TypeError(f"`{name}` must be an array, got {x!r}")
    arrays = {"y_true": y_true, "y_prob": y_prob, "sample_weight": sample_weight, "where": where}
    for name in ("sample_weight", "where"):
        if type(arrays[name]) in (bool, int, float):
            raise TypeError(f"`{name}` must be an array or None, got {arrays[name]!r}")
    for name, x in (("threshold", threshold), ("thresholds", thresholds)):
        if not isinstance(x, (int, float, tuple)):
            arrays[name] = x
    return argument_namespace(arrays)


def to_float(xp: Any, x: Any) -> Any:
    """Return the scores in the dtype that is counted in: float32 for the half types."""
    if x.dtype == xp.float32 or x.dtype == xp.float64:  # NumPy takes long to name a dtype
        return x
    return xp.astype(x, xp.float32) if "float16" in str(x.dtype) else x


def cast(xp: Any, x: Any, dtype: Any) -> Any:
    """Return x in the dtype, without a copy where it has it."""
    return x if x.dtype == dtype else xp.astype(x, dtype)


def check_arrays(
    xp: Any, y_true: Any, y_prob: Any, sample_weight: Any, where: Any, *, from_logits: bool
) -> bool:
    """Check dtypes, shapes and values; tell whether the values could be seen."""
    _checks.scores(xp, y_prob)
    _checks.labels(xp, y_true)
    _checks.same_shape(y_true, y_prob)
    if sample_weight is not None:
        _checks.weights(xp, sample_weight, y_prob)
    if where is not None:
        _checks.mask(xp, where, y_prob)
    return check_values(xp, y_true, y_prob, sample_weight, where, from_logits=from_logits)


def masked(xp: Any, labels: Any, scores: Any, weights: Any, where: Any) -> tuple[Any, Any, Any]:
    """Give entries that do not count a harmless score and a weight of 0."""
    keep = xp.astype(where, scores.dtype)
    if weights is not None:
        keep = xp.where(where, weights, 0.0)
    return xp.where(where, labels, 0.0), xp.where(where, scores, 0.5), keep


def _threshold(xp: Any, name: str, threshold: Any, scores: Any, *, hard: bool) -> Any:
    """Return one threshold as a number, several as an array of the scores' dtype."""
    if isinstance(threshold, (int, float)):
        _checks.threshold_number(name, threshold, hard=hard)
        return float(threshold)
    if isinstance(threshold, tuple):
        for number in threshold:
            _checks.threshold_number(name, number, hard=hard)
        array = full_like_number(threshold, scores)
    elif threshold is None:
        raise TypeError(f"`{name}` must be a number, a tuple of numbers or an array, got None")
    else:
        _checks.real(xp, name, threshold)
        check_thresholds(xp, name, threshold, hard=hard)
        array = cast(xp, threshold, scores.dtype)
    _checks.broadcasts(name, array, scores)
    return array


def _as_logits(xp: Any, threshold: Any, scores: Any) -> Any:
    """Return checked thresholds as logits, rounded to the scores' dtype last of all."""
    if isinstance(threshold, (int, float)):
        return logit_of(threshold)
    if isinstance(threshold, tuple):
        return full_like_number(tuple(map(logit_of, threshold)), scores)
    threshold = stop_gradient(threshold)
    if threshold.dtype != xp.float64:
        threshold = cast(xp, threshold, scores.dtype)
    return cast(xp, logits_of(widened(threshold)), scores.dtype)


def _grid(xp: Any, threshold: Any, thresholds: Any, scores: Any, *, hard: bool) -> Any:
    """Return a grid of thresholds as a 1-D array of the scores' dtype."""
    if not (isinstance(threshold, (int, float)) and threshold == 0.5):
        raise ValueError(
            "`threshold` and `thresholds` must not both be given; threshold is one operating "
            "point, thresholds a grid of them"
        )
    if isinstance(thresholds, (int, float)) or (
        not isinstance(thresholds, tuple) and len(static_shape(thresholds)) != 1
    ):
        raise ValueError(
            f"`thresholds` must be a tuple of numbers or a 1-D array, got {thresholds}"
        )
    if isinstance(thresholds, tuple):
        if not thresholds:
            raise ValueError("`thresholds` must not be empty, got ()")
        for number in thresholds:
            _checks.threshold_number("thresholds", number, hard=hard)
        _checks.increasing("thresholds", thresholds)
        return full_like_number(thresholds, scores)
    _checks.real(xp, "thresholds", thresholds)
    check_thresholds(xp, "thresholds", thresholds, hard=hard)
    check_increasing(xp, "thresholds", thresholds)
    return cast(xp, thresholds, scores.dtype)
