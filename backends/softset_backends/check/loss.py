"""A loss of one's own on data that are made for it, as `softset check FILE.py:FUNCTION` does."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from .draws import draw, edges, require_shape
from .function import NoSlope, require_training_loss
from .gradients import check_gradients
from .report import GradientReport


def check_loss(
    fn: Callable[..., Any],
    *,
    shape: int | tuple[int, ...] = 64,
    logits: bool = False,
    backends: Sequence[str] | None = None,
    modes: Sequence[str] | None = None,
    name: str = "",
) -> GradientReport:
    """Check a loss on scores that are drawn where losses go wrong.

    By `check_gradients`: on half random scores, half at 0 and 1 and next to them, at knots of the
    steps at 0.5, in ties, or saturated logits. If it passes, also eagerly on batches without
    positives, without negatives, and of perfect scores.

    Parameters
    ----------
    fn : callable
        A function of ``(y_true, y_prob)``, both of the same shape and a floating dtype, to one
        number that falls as the scores get better.
    shape : int or tuple of int, default 64
        The shape of labels and scores, such as (64, 3) for a loss of several classes.
    logits : bool, default False
        Whether the scores are to be logits.
    backends, modes : sequence of str, optional
        As for `check_gradients`.
    name : str, optional
        What to call the function in sentences.

    Returns
    -------
    GradientReport
        Of all batches together; `findings` says what is wrong.

    Raises
    ------
    TypeError, ValueError, RuntimeError
        If the function is no such loss: it returns several numbers, has no slope anywhere, grows
        as the scores get better, changes its arrays, returns another value the next time, or is
        called with other arguments. As `check_gradients` for `backends` and `modes`.

    Examples
    --------
    >>> import softset as ss
    >>> import softset_backends as sb
    >>> sb.check_loss(ss.as_loss(ss.f1), backends=["numpy"]).passed
    True
    >>> def rewards_calls(y_true, y_prob):
    ...     xp = ss.array_namespace(y_prob)
    ...     return xp.mean((y_prob - y_true) ** 2) - xp.mean(xp.round(y_prob)) / 8
    >>> print(sb.check_loss(rewards_calls, backends=["numpy"]).jump.partition(",")[0])
    the loss jumps by 0.00195 at score 0.5 of label 1
    """
    y_true, y_prob = draw(require_shape(shape), logits=logits)
    names = [name] if name else []
    report = check_gradients(fn, y_true, y_prob, backends=backends, modes=modes, cases=names)
    require_training_loss(fn, y_true, y_prob, logits=logits)
    # What is wrong anyway is wrong there too.
    for edge, arrays in edges(y_true, logits=logits).items() if report.passed else ():
        report = report + _at_edge(fn, arrays, backends, ", ".join(filter(None, (name, edge))))
    return report


def _at_edge(
    fn: Callable[..., Any], arrays: Sequence[Any], backends: Sequence[str] | None, name: str
) -> GradientReport:
    """Check a function on a batch where it may have no slope, or refuse everywhere."""
    try:
        report = check_gradients(fn, *arrays, backends=backends, modes=["eager"], cases=[name])
    except NoSlope:
        return GradientReport()
    return GradientReport() if all(row.error for row in report.rows) else report
