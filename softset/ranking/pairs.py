"""Sums of a surrogate over all pairs of a positive and a negative, and their gradients."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

from .._arrays import Library
from .._arrays.refusals import NotElementwise
from .._arrays.values import truth
from .sides import Sides
from .surrogates import is_ours

# So many pairs are held at a time.
PAIRS = 2**22


def squares(sides: Sides, margin: float) -> tuple[Any, Any]:
    """Return the sum of p_i q_j (margin - (s_i - s_j))**2 and its gradient, by moments."""
    lib, scores, p, q = sides
    xp = lib.xp
    scores = scores - lib.constant(xp.sum(scores * p))  # small numbers, whatever is added to all
    mean_p, mean_q = xp.sum(scores * p), xp.sum(scores * q)
    gap = mean_q - mean_p + margin
    from_p, from_q = scores - mean_p, scores - mean_q
    value = xp.sum(from_p * from_p * p + from_q * from_q * q) + gap * gap
    gradient = ((from_p - gap) * p + (from_q + gap) * q) * 2
    return xp.where(xp.sum(p) > 0, value, xp.zeros_like(value)), gradient


class Hinges(NamedTuple):
    """The sum of squared hinges and its slopes, in the order of the knots.

    Each score is a knot twice, as a positive at s - margin and as a negative at s: a pair counts
    if the positive's knot comes first.
    """

    value: Any
    slopes: Any
    order: Any
    p: Any
    q: Any


def hinges(sides: Sides, margin: float) -> Hinges:
    """Return the sum of p_i q_j max(margin - (s_i - s_j), 0)**2, by one sort."""
    lib, scores, p, q = sides
    xp = lib.xp
    scores, nothing = lib.constant(scores), xp.zeros_like(p)
    scores = scores - xp.sum(scores * lib.constant(p))  # small numbers, whatever is added to all
    knots = xp.concat([scores - margin, scores])
    order = xp.argsort(knots, stable=False)  # knots that tie are 0 apart, whatever their order
    knots, p, q = (
        xp.take(x, order, axis=0) for x in (knots, xp.concat([p, nothing]), xp.concat([nothing, q]))
    )
    below, squared = _distances(lib, knots, p)
    above, _ = _distances(lib, xp.flip(-knots), xp.flip(q))
    value = xp.sum(q * squared)
    return Hinges(value, (q * below - p * xp.flip(above)) * 2, order, p, q)


def hinge_loss(sides: Sides, margin: float) -> Any:
    """Return the sum of squared hinges for autodiff, right up to second derivatives.

    Through the sort's running sums autodiff would find differences of sums over all pairs. It
    gets the Taylor expansion about the scores instead, which ends with the square.
    """
    lib, scores, _, _ = sides
    xp = lib.xp
    value, rises, order, p, q = hinges(sides, margin)
    known = lib.constant(scores)
    if known is scores:
        return value
    step = scores - known
    step = xp.take(xp.concat([step, step]), order, axis=0)
    sums = lib.running(p), lib.running(step * p), lib.running(step * step * p)
    second = step * step * sums[0] - step * sums[1] * 2 + sums[2]
    return xp.sum(step * rises + second * q) + value


def hinge_gradient(sides: Sides, margin: float) -> tuple[Any, Any]:
    """Return the sum of squared hinges and its gradient in the scores."""
    xp = sides.lib.xp
    value, rises, order, _, _ = hinges(sides, margin)
    rises = xp.take(rises, xp.argsort(order, stable=False), axis=0)
    return value, xp.sum(xp.reshape(rises, (2, -1)), axis=0)


def _distances(lib: Library, knots: Any, weights: Any) -> tuple[Any, Any]:
    """Return the weighted sums of the distances to all knots before each, and of their squares.

    Both grow from knot to knot by what the gap adds: no difference of large sums is taken.
    """
    gaps = knots - lib.xp.concat([knots[:1], knots[:-1]])
    first = lib.running(_before(lib, lib.running(weights)) * gaps)
    return first, lib.running((_before(lib, first) + first) * gaps)


def _before(lib: Library, x: Any) -> Any:
    return lib.xp.concat([lib.xp.zeros_like(x[:1]), x[:-1]])


def many(sides: Sides) -> bool:
    """Tell whether there are more pairs than are held at a time, where that can be helped."""
    # torch.compile cannot follow dual numbers, and TensorFlow's graphs do not know the length.
    return sides.lib.visible and sides.scores.shape[0] ** 2 > PAIRS


def all_pairs(sides: Sides, surrogate: Callable[[Any], Any]) -> Any:
    """Return the sum of p_i q_j surrogate(s_i - s_j), holding all pairs."""
    lib, scores, p, q = sides
    followed = lib.is_followed(p) or lib.is_followed(q)
    weights, differences = _pairs(lib, scores, p, scores, q, all_count=followed)
    return lib.xp.sum(_values(lib, surrogate, differences) * weights)


def block_loss(sides: Sides, surrogate: Callable[[Any], Any]) -> Any:
    """Return the sum for autodiff by blocks, until second derivatives are asked for."""
    lib, scores, p, q = sides
    shares = lib.is_followed(p) or lib.is_followed(q)

    def both(*arrays: Any) -> tuple[Any, tuple[Any, ...]]:
        return blocks(Sides(lib, *arrays), surrogate, shares=shares)

    if lib.has_parameters(surrogate, scores, ours=is_ours(surrogate)):
        return all_pairs(sides, surrogate)
    return lib.with_gradients(both, scores, p, q, otherwise=partial(all_pairs, sides, surrogate))


def blocks(
    sides: Sides, surrogate: Callable[[Any], Any], *, shares: bool = False
) -> tuple[Any, tuple[Any, Any, Any]]:
    """Return the sum of p_i q_j surrogate(s_i - s_j) and its gradients, some pairs at a time.

    They are those in the scores and, with `shares`, in p and q, which are None otherwise.
    """
    lib, scores, p, q = sides
    xp = lib.xp
    order = xp.argsort(-lib.constant(p), stable=False)  # positives first
    falls, rises, of_p = xp.zeros_like(scores), [scores[:0]], [scores[:0]]
    of_q = xp.zeros_like(scores)
    value = xp.sum(falls)
    for part in _parts(lib.shape(scores)[0]):
        rows = order[part]
        some_p = xp.take(p, rows, axis=0)
        # The rest needs no pairs, but for what it would be if it had a share.
        if not shares and truth(xp.any(some_p > 0)) is False:
            rises.append(xp.zeros_like(scores[part.start :]))
            break
        some = xp.take(scores, rows, axis=0)
        weights, differences = _pairs(lib, some, some_p, scores, q, all_count=shares)
        values, rise = _slopes(lib, surrogate, differences)
        rise = rise * weights
        value = value + xp.sum(values * weights)
        rises.append(xp.sum(rise, axis=1))
        falls = falls + xp.sum(rise, axis=0)
        if shares:
            of_p.append(xp.sum(values * q[None, :], axis=1))
            of_q = of_q + xp.sum(values * some_p[:, None], axis=0)
    inverse = xp.argsort(order, stable=False)
    gradient = xp.take(xp.concat(rises), inverse, axis=0) - falls
    if not shares:
        return value, (gradient, None, None)
    return value, (gradient, xp.take(xp.concat(of_p), inverse, axis=0), of_q)


def _values(lib: Library, surrogate: Callable[[Any], Any], differences: Any) -> Any:
    values = surrogate(differences)
    if not hasattr(values, "shape") or lib.shape(values) != lib.shape(differences):
        raise ValueError(
            "`surrogate` must return an array of its argument's shape "
            f"{lib.shape(differences)}, got {getattr(values, 'shape', values)}"
        )
    return values


def _slopes(lib: Library, surrogate: Callable[[Any], Any], differences: Any) -> tuple[Any, Any]:
    """Return the values and the slopes of the surrogate, which has to be elementwise."""
    from .._arrays.duals import over, slopes

    try:
        values, (rise,) = slopes(partial(_values, over(lib), surrogate), differences)
    except NotElementwise as error:
        raise TypeError(f"`surrogate` must be elementwise: {error}") from error
    except (TypeError, AttributeError) as error:
        raise TypeError(
            "`surrogate` must be written with operators and the functions of "
            f"softset.array_namespace(difference), so that it has a slope: {error}"
        ) from error
    return values, rise


def _parts(length: int | None) -> list[slice]:
    """Split the rows of all pairs; those of a length that is not known stay together."""
    if length is None:
        return [slice(0, None)]
    size = max(1, PAIRS // max(1, length))
    return [slice(i, min(i + size, length)) for i in range(0, length, size)]


def _pairs(
    lib: Library, s: Any, p: Any, others: Any, q: Any, *, all_count: bool
) -> tuple[Any, Any]:
    """Return weights and differences of pairs.

    The differences of those of weight 0 are 0, however far they are, unless all count: the slope
    in a weight of 0 is that of the pair all the same.
    """
    weights = p[:, None] * q[None, :]
    differences = s[:, None] - others[None, :]
    if all_count:
        return weights, differences
    return weights, lib.xp.where(weights > 0, differences, lib.xp.zeros_like(differences))
