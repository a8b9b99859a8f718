"""The door to counting: from the arguments of a call to checked arrays of one dtype and rank."""

from __future__ import annotations

from typing import Any, NamedTuple, TypeAlias

from .._arrays import NUMBERS, Library, library, unwrap
from .._options import step_function
from .._types import Confusion
from ..steps import Hard, Identity, StraightThrough, class_axis, keeps_nan
from . import checks
from .logits import logit_of, logits_of
from .names import NAMES, RANKING, Names
from .values import (
    CLEAN,
    HIDDEN,
    check_groups,
    check_increasing,
    check_thresholds,
    check_values,
    is_group,
)

Piece: TypeAlias = "tuple[slice, ...]"


class Arguments(NamedTuple):
    """What `confusion` is called with, the library of its arrays, and what is counted."""

    lib: Library
    names: Names
    y_true: Any
    y_prob: Any
    threshold: Any
    thresholds: Any
    step: Any
    sample_weight: Any
    where: Any
    axis: Any
    from_logits: bool
    groups: Any = None
    num_groups: int | None = None
    kind: Any = Confusion


class Batch(NamedTuple):
    """Checked input in one dtype, ready to be counted.

    `seen` is what `check_values` knows of the values; `hides_nan` that it is nothing, and that the
    step would take a NaN for a number. Where `from_logits` is true the scores are logits, and
    `threshold` is a probability; `cut` is then the logit at which a step decides that is hard
    forwards. The hard step itself is given logits for both. `groups` has the dimensions of the
    scores, of lengths 1 where it does not change, and no number in it is out of range.
    """

    lib: Library
    labels: Any
    scores: Any
    weights: Any
    threshold: Any
    grid: bool
    seen: int
    hides_nan: bool
    clipped: bool
    axes: tuple[int, ...]
    from_logits: bool
    cut: Any
    groups: Any = None
    num_groups: int = 0


def arrive(
    y_true: Any,
    y_prob: Any,
    threshold: Any,
    thresholds: Any,
    step: Any,
    sample_weight: Any,
    where: Any,
    axis: Any,
    from_logits: bool,
    names: Names = NAMES,
    groups: Any = None,
    num_groups: int | None = None,
) -> Arguments:
    """Recognise the library of the arrays, once, and take tensors out of variables."""
    if not callable(step) or isinstance(step, type):
        step_function(step)
    if y_true is None or type(y_true) in NUMBERS:
        raise TypeError(f"`{names.y_true}` must be an array, got {y_true!r}")
    if y_prob is None or type(y_prob) in NUMBERS:
        raise TypeError(f"`{names.y_prob}` must be an array, got {y_prob!r}")
    if type(sample_weight) in NUMBERS:
        raise TypeError(f"`sample_weight` must be an array or None, got {sample_weight!r}")
    if type(where) in NUMBERS:
        raise TypeError(f"`where` must be an array or None, got {where!r}")
    if groups is not None or num_groups is not None:
        num_groups = checks.both_or_none(groups, num_groups)
    # By isinstance: NumPy's float64 is a threshold for arrays of any library.
    one = None if isinstance(threshold, (int, float, tuple)) else threshold
    several = None if isinstance(thresholds, (int, float, tuple)) else thresholds
    lib = library(
        (names.y_true, names.y_prob, "sample_weight", "where", "threshold", "thresholds", "groups"),
        (y_true, y_prob, sample_weight, where, one, several, groups),
    )
    if lib.variables:
        y_true, y_prob, threshold, thresholds, sample_weight, where, groups = map(
            unwrap, (y_true, y_prob, threshold, thresholds, sample_weight, where, groups)
        )
        return arrive(
            y_true,
            y_prob,
            threshold,
            thresholds,
            step,
            sample_weight,
            where,
            axis,
            from_logits,
            names,
            groups,
            num_groups,
        )
    if groups is not None:
        groups = checks.groups(lib, names, groups, y_prob)
    return Arguments(
        lib,
        names,
        y_true,
        y_prob,
        threshold,
        thresholds,
        step,
        sample_weight,
        where,
        axis,
        from_logits,
        groups,
        num_groups,
    )


def prepare(arguments: Arguments, *, seen: int | None = None) -> Batch:
    """Check the arguments of `confusion` and bring them to one dtype and one rank.

    Where they have been checked before, `seen` says whether their values could be seen.
    """
    lib, names, y_true, y_prob, threshold, thresholds, step = arguments[:7]
    axis, from_logits = arguments.axis, arguments.from_logits
    sample_weight, where = arguments.sample_weight, arguments.where
    if seen is None:
        seen = check(arguments)
    axes = checks.axes(axis, len(y_prob.shape))
    groups: Any = None
    if arguments.groups is not None:
        groups, where = in_range(arguments, seen)

    scores = lib.counted_in(y_prob)
    dtype, weights = scores.dtype, None
    if sample_weight is not None:
        weights = lib.cast(sample_weight, dtype)
    labels = lib.of_one_shape(lib.cast(y_true, dtype), scores)
    if where is not None:
        rows = counted_rows(arguments, where)
        labels, scores, weights = masked(lib, labels, scores, weights, where, seen, rows)
    clips = not (seen or from_logits)
    if clips:
        scores = lib.clipped(scores, alone=isinstance(step, Identity))
    hides_nan = not (seen or keeps_nan(step))
    if hides_nan:  # a label that is not a number makes all its counts so
        labels = lib.where(scores == scores, labels, lib.xp.nan)

    hard, cut, classes = isinstance(step, Hard), None, class_axis(step) is not None
    if classes:
        checks.no_threshold(step, threshold, thresholds)
    elif from_logits and type(step) in (Hard, StraightThrough):
        cut = threshold if thresholds is None else thresholds
    if thresholds is not None:
        tau = _grid(lib, threshold, thresholds, scores, hard=hard)
        # Not expand_dims, which in Dask needs the lengths.
        labels, scores = labels[..., None], scores[..., None]
        weights = None if weights is None else weights[..., None]
        groups = None if groups is None else groups[..., None]
    elif type(threshold) is float and 0 < threshold < 1:
        tau = threshold
    else:
        tau = _threshold(lib, names, threshold, scores, hard=hard)
    if cut is not None:
        cut = _as_logits(lib, cut, scores)
        if hard:
            tau, cut, from_logits = cut, None, False
    grid = thresholds is not None
    known = (seen, hides_nan, clips)
    batch = Batch(lib, labels, scores, weights, tau, grid, *known, axes, from_logits, cut)
    if groups is None:
        return batch
    return batch._replace(groups=groups, num_groups=arguments.num_groups)


def in_range(arguments: Arguments, seen: int) -> tuple[Any, Any]:
    """Return group numbers without those that count nowhere, and the mask of what counts."""
    lib, groups, where = arguments.lib, arguments.groups, arguments.where
    # The integers that are looked up with: JAX may have 32 bits only.
    integer = lib.xp.int64 if lib.free else lib.xp.int32
    if seen and where is None:
        return lib.cast(groups, integer), where
    inside = is_group(lib, groups, arguments.num_groups)
    groups = lib.xp.where(inside, groups, lib.xp.zeros_like(groups))
    if not seen:
        where = inside if where is None else where & inside
    return lib.cast(groups, integer), where


def shape_of_threshold(x: Any) -> tuple[int, ...]:
    """Return the shape of thresholds, an array, a tuple of numbers or one number."""
    return (len(x),) if isinstance(x, tuple) else tuple(getattr(x, "shape", ()))


def piece_of(arguments: Arguments, piece: Piece) -> Arguments:
    """Return the arguments of a piece."""
    names = ("y_true", "y_prob", "threshold", "sample_weight", "where", "groups")
    parts = {name: _part(getattr(arguments, name), piece) for name in names}
    return arguments._replace(**parts)


def batch_of(batch: Batch, piece: Piece) -> Batch:
    """Return the input of a piece of the scores."""
    weights, groups = (_part_of_scores(batch, x, piece) for x in (batch.weights, batch.groups))
    threshold, cut = batch.threshold, batch.cut
    if not batch.grid:
        threshold, cut = _part(threshold, piece), _part(cut, piece)
    return batch._replace(
        labels=batch.labels[piece],
        scores=batch.scores[piece],
        weights=weights,
        threshold=threshold,
        cut=cut,
        groups=groups,
    )


def _part_of_scores(batch: Batch, x: Any, piece: Piece) -> Any:
    """Return the part of what goes with the scores, behind which a grid has an axis."""
    if x is None or not batch.grid:
        return _part(x, piece)
    return _part(x[..., 0], piece)[..., None]


def _part(x: Any, piece: Piece) -> Any:
    """Return the part of an array, or of a tuple of thresholds, that broadcasts to a piece."""
    shape = shape_of_threshold(x)
    if not shape:
        return x
    places = tuple(
        slice(None) if n == 1 else place
        for n, place in zip(shape, piece[len(piece) - len(shape) :], strict=True)
    )
    return x[places[0]] if isinstance(x, tuple) else x[places]


def arrive_scores(
    y_true: Any,
    y_score: Any,
    *,
    sample_weight: Any,
    where: Any,
    axis: Any = None,
    groups: Any = None,
    num_groups: int | None = None,
) -> Arguments:
    """Return scores of any scale, which are held to what logits are: finite."""
    options = (sample_weight, where, axis, True, RANKING, groups, num_groups)
    return arrive(y_true, y_score, 0.5, None, Hard(), *options)


def check(arguments: Arguments) -> int:
    """Check dtypes, shapes and values; tell whether the values could be seen."""
    lib, names, y_true, y_prob = arguments[:4]
    arrays, where = (y_true, y_prob, arguments.sample_weight), arguments.where
    check_kinds(lib, names, *arrays, where)
    rows, from_logits = counted_rows(arguments, where), arguments.from_logits
    seen = check_values(lib, names, *arrays, rows, from_logits=from_logits)
    if arguments.groups is None or check_groups(lib, arguments.groups, arguments.num_groups, where):
        return seen
    return HIDDEN


def counted_rows(arguments: Arguments, where: Any) -> Any:
    """Return the mask of the scores that matter: beside an entry all that it competes with."""
    along = class_axis(arguments.step)
    if along is None or where is None or not -len(where.shape) <= along < len(where.shape):
        return where
    return arguments.lib.xp.any(where, axis=along, keepdims=True)


def check_kinds(
    lib: Library, names: Names, y_true: Any, y_prob: Any, sample_weight: Any, where: Any
) -> None:
    """Check dtypes and shapes."""
    if not lib.is_real(y_prob.dtype):
        checks.scores(lib, names, y_true, y_prob)
    if y_true.dtype != y_prob.dtype:
        checks.labels(lib, names, y_true)
    if lib.shape(y_true) != lib.shape(y_prob):
        checks.same_shape(lib, names, y_true, y_prob)
    if sample_weight is not None:
        checks.weights(lib, names, sample_weight, y_prob)
    if where is not None:
        checks.mask(lib, names, where, y_prob)


def masked(
    lib: Library, labels: Any, scores: Any, weights: Any, where: Any, seen: int, rows: Any = None
) -> tuple[Any, Any, Any]:
    """Give entries that do not count a weight of 0, and a harmless score but where `rows` holds."""
    keep = lib.cast(where, scores.dtype) if weights is None else lib.kept(weights, where)
    if seen == CLEAN:  # they are harmless
        return labels, scores, keep
    return lib.kept(labels, where), lib.kept(scores, where if rows is None else rows), keep


def _threshold(lib: Library, names: Names, threshold: Any, scores: Any, *, hard: bool) -> Any:
    """Return one threshold as a number, several as an array of the scores' dtype."""
    if isinstance(threshold, (int, float)):
        checks.threshold_number("threshold", threshold, hard=hard)
        return float(threshold)
    if isinstance(threshold, tuple):
        for number in threshold:
            checks.threshold_number("threshold", number, hard=hard)
        array = lib.numbers(threshold, scores)
    elif threshold is None:
        raise TypeError("`threshold` must be a number, a tuple of numbers or an array, got None")
    else:
        checks.real(lib, "threshold", threshold)
        check_thresholds(lib, "threshold", threshold, hard=hard)
        array = lib.cast(threshold, scores.dtype)
    checks.broadcasts(lib, names, "threshold", array, scores)
    return array


def _as_logits(lib: Library, threshold: Any, scores: Any) -> Any:
    """Return checked thresholds as logits, rounded to the scores' dtype last of all."""
    if isinstance(threshold, (int, float)):
        return logit_of(threshold)
    if isinstance(threshold, tuple):
        return lib.numbers(tuple(map(logit_of, threshold)), scores)
    plain, threshold = lib.plain, lib.constant(threshold)
    if threshold.dtype != plain.xp.float64:
        threshold = plain.cast(threshold, scores.dtype)
    return plain.cast(logits_of(plain, plain.wide(threshold)), scores.dtype)


def _grid(lib: Library, threshold: Any, thresholds: Any, scores: Any, *, hard: bool) -> Any:
    """Return a grid of thresholds as a 1-D array of the scores' dtype."""
    if not (isinstance(threshold, (int, float)) and threshold == 0.5):
        raise ValueError(
            "`threshold` and `thresholds` must not both be given; threshold is one operating "
            "point, thresholds a grid of them"
        )
    if isinstance(thresholds, (int, float)) or (
        not isinstance(thresholds, tuple) and len(lib.shape(thresholds)) != 1
    ):
        raise ValueError(
            f"`thresholds` must be a tuple of numbers or a 1-D array, got {thresholds}"
        )
    if isinstance(thresholds, tuple):
        if not thresholds:
            raise ValueError("`thresholds` must not be empty, got ()")
        for number in thresholds:
            checks.threshold_number("thresholds", number, hard=hard)
        checks.increasing("thresholds", thresholds)
        return lib.numbers(thresholds, scores)
    if lib.shape(thresholds) == (0,):
        raise ValueError("`thresholds` must not be empty, got shape (0,)")
    checks.real(lib, "thresholds", thresholds)
    check_thresholds(lib, "thresholds", thresholds, hard=hard)
    check_increasing(lib, "thresholds", thresholds)
    return lib.cast(thresholds, scores.dtype)
