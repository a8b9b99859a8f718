"""The table of C x C counts: from checked scores to the sums, and back to the gradient.

T[i, j] = sum_n w_n y_ni h_nj, with the label y, the weight w, and the membership h of a step that
looks along the classes. d loss / d h_nj = w_n sum_i y_ni S_ij, with the loss's slopes S in T; for
class numbers it is row y_n of S.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

from .._arrays import Library
from ..steps import ArgMax, Softmax, class_step, keeps_nan
from . import checks
from .arguments import Arguments
from .table_checks import check, class_axis, companions, of_places, with_axis
from .values import CLEAN

# The scores of a piece: half a megabyte of float32.
_SIZE = 2**17


class Rows(NamedTuple):
    """Checked input in one dtype, the examples as rows, by the axes that are kept.

    Labels are class numbers of shape (k, n), or shares of (k, n, C); weights are of (k, n); the
    scores keep their shape. `seen`, `hides_nan` and `clipped` are those of a `Batch`.
    """

    lib: Library
    labels: Any
    scores: Any
    weights: Any
    numbers: bool
    seen: int
    hides_nan: bool
    clipped: bool
    from_logits: bool
    number: int
    order: tuple[int, ...]
    kept: tuple[Any, ...]


def prepare(arguments: Arguments, *, seen: int | None = None) -> Rows:
    """Check the arguments of `confusion_table` and bring them to rows of one dtype."""
    lib, _, y_true, y_prob, threshold, thresholds, step = arguments[:7]
    along, number = class_axis(arguments)
    if seen is None:
        seen = check(arguments)
    checks.no_threshold(step, threshold, thresholds)
    shape = lib.shape(y_prob)
    over = _summed(arguments.axis, len(shape), along)
    kept = tuple([i for i in range(len(shape)) if i not in over and i != along])
    numbers = len(y_true.shape) < len(shape)

    scores = lib.counted_in(y_prob)
    dtype = scores.dtype
    labels = with_axis(of_places(lib, y_true), along) if numbers else lib.cast(y_true, dtype)
    if not numbers:
        labels = lib.of_one_shape(labels, scores)
    weights, where = companions(arguments, along)
    if weights is not None:
        weights = lib.cast(weights, dtype)
    if where is not None:
        weights = lib.cast(where, dtype) if weights is None else lib.kept(weights, where)
        if seen != CLEAN:
            scores = lib.kept(scores, where)
            labels = lib.where(where, labels, lib.xp.zeros_like(labels))
    if numbers and not seen:  # a number that is no class counts nowhere
        known = (labels >= 0) & (labels < number)
        weights = lib.cast(known, dtype) if weights is None else lib.kept(weights, known)
        labels = lib.where(known, labels, lib.xp.zeros_like(labels))
    from_logits = arguments.from_logits
    clips = not (seen or from_logits)
    if clips:
        scores = lib.clipped(scores)

    order = (*kept, *over, along)
    lengths = tuple([shape[i] for i in kept])
    if weights is not None:
        one = (*shape[:along], 1, *shape[along + 1 :])
        if lib.shape(weights) != one:
            weights = weights + lib.xp.zeros_like(_first(scores, along))
        weights = _as_rows(lib, weights, order, lengths)[..., 0]
    labels = _as_rows(lib, labels, order, lengths)
    labels = labels[..., 0] if numbers else labels
    known = (numbers, seen, not (seen or keeps_nan(step)), clips, from_logits)
    return Rows(lib, labels, scores, weights, *known, number, order, lengths)


def count(rows: Rows, step: Any) -> tuple[Any]:
    """Return the table, in float64 where arrays are free."""
    table: Any = None
    for part in _pieces(rows):
        found = _count(_part(rows, part), step)
        table = found if table is None else table + found
    return (table,)


def _count(rows: Rows, step: Any) -> Any:
    lib = rows.lib
    if isinstance(step, ArgMax) and _scatters(rows):
        best = lib.place_of_largest(rows.scores, rows.order[-1])
        place = rows.labels * rows.number + _as_rows(lib, best, rows.order, ())[..., 0]
        weights = lib.xp.ones_like(place, dtype=lib.xp.float64)
        if rows.weights is not None:
            weights = lib.wide(rows.weights)
        found = lib.scatter(weights[0, ...], place[0, ...], rows.number**2)
        return lib.xp.reshape(found, (rows.number, rows.number))
    hit = step.among(lib, rows.scores, from_logits=rows.from_logits)
    if rows.hides_nan:
        hit = lib.where(rows.scores == rows.scores, hit, math.nan)
    hit = _as_rows(lib, hit, rows.order, rows.kept)
    if rows.weights is not None:
        hit = hit * rows.weights[..., None]
    if rows.numbers:
        table = lib.add_rows(hit, rows.labels, rows.number)
    else:
        table = lib.outer_sums(rows.labels, hit)
    if not rows.kept:
        return table[0, ...]
    lengths = [-1 if n is None else n for n in rows.kept]
    return lib.xp.reshape(table, (*lengths, rows.number, rows.number))


def count_and_find(rows: Rows, step: Any) -> tuple[tuple[Any], None]:
    """Return the table; the gradient needs nothing else of the first pass."""
    return count(rows, step), None


def gradient(rows: Rows, found: None, step: Any, slope: tuple[Any], room: Any = None) -> Any:
    """Return the gradient in the scores, given the loss's slopes in the table."""
    (table,) = slope
    parts = _pieces(rows)
    if len(parts) == 1:
        return _gradient(rows, step, table)
    result = rows.lib.xp.empty_like(rows.scores)
    for part in parts:
        result[part] = _gradient(_part(rows, part), step, table)
    return result


def _gradient(rows: Rows, step: Any, table: Any) -> Any:
    lib, number, xp = rows.lib, rows.number, rows.lib.xp
    table = lib.cast(table, rows.scores.dtype)
    table = table[None, ...] if not rows.kept else xp.reshape(table, (-1, number, number))
    product = lib.rows_at(table, rows.labels) if rows.numbers else xp.matmul(rows.labels, table)
    if rows.weights is not None:
        product = product * rows.weights[..., None]
    product = _from_rows(lib, product, rows)
    return step.pull_back(lib, rows.scores, product, from_logits=rows.from_logits)


def _scatters(rows: Rows) -> bool:
    """Tell whether decisions can be counted one by one, and none of them may be NaN."""
    lib = rows.lib
    return lib.free and lib.in_pieces and rows.numbers and not (rows.kept or rows.hides_nan)


def _pieces(rows: Rows) -> list[slice]:
    """Split the examples so that what is made of them on the way stays in a processor's cache."""
    lib, shape, order = rows.lib, rows.scores.shape, rows.order
    # Where the first axis is one of those that are summed over, images are split as rows are.
    splits = lib.free and lib.in_pieces and not rows.kept and order[0] == 0
    if not splits or math.prod(shape) <= _SIZE:
        return [slice(None)]
    size = max(1, _SIZE // math.prod(shape[1:]))
    return [slice(i, i + size) for i in range(0, shape[0], size)]


def _part(rows: Rows, part: slice) -> Rows:
    """Return some of the examples."""
    if part == slice(None):
        return rows
    scores = rows.scores[part]
    each = rows.labels.shape[1] // rows.scores.shape[0]
    first = part.start * each
    own = slice(first, first + scores.shape[0] * each)
    weights = None if rows.weights is None else rows.weights[:, own]
    return rows._replace(labels=rows.labels[:, own], scores=scores, weights=weights)


def has_slope(step: Any) -> bool:
    """Tell whether the gradient of a step is known, and not 0."""
    return type(class_step(step)) is Softmax  # a class derived from it may do otherwise


def _summed(axis: Any, ndim: int, along: int) -> tuple[int, ...]:
    """Return the axes to sum over, all but that of the classes by default."""
    if axis is None:
        return tuple([i for i in range(ndim) if i != along])
    found = checks.axes(axis, ndim)
    if along in found:
        raise ValueError(
            f"`axis` must leave the class axis, {along}, to the table, got {axis}; name the other "
            "axes to sum over, or none for all of them"
        )
    return found


def _first(x: Any, along: int) -> Any:
    return x[(*[slice(None)] * along, slice(0, 1), ...)]


def _as_rows(lib: Library, x: Any, order: tuple[int, ...], kept: tuple[Any, ...]) -> Any:
    """Return x, of the scores' dimensions, as (k, n, m)."""
    xp = lib.xp
    if order != tuple(range(len(order))):
        x = xp.permute_dims(x, order)
    if not kept and len(order) == 2:  # lengths need not be known
        return x[None, ...]
    rest: Any = lib.shape(x)[len(kept) : -1]
    if None in rest and None in kept:
        raise ValueError(
            "`axis` must leave lengths that are known beside those that it sums over, got scores "
            "of which neither are; give tf.function an input_signature that has one of them"
        )
    k = -1 if None in kept else math.prod(kept)
    return xp.reshape(x, (k, -1 if None in rest else math.prod(rest), x.shape[-1]))


def _from_rows(lib: Library, x: Any, rows: Rows) -> Any:
    """Return (k, n, C) in the scores' shape."""
    order, scores, xp = rows.order, rows.scores, lib.xp
    if not rows.kept and len(order) == 2:
        x = x[0, ...]
    else:
        x = xp.reshape(x, tuple([scores.shape[i] for i in order]))
    if order != tuple(range(len(order))):
        x = xp.permute_dims(x, tuple([order.index(i) for i in range(len(order))]))
    return x
