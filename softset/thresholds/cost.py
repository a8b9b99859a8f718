"""The threshold that costs imply for calibrated probabilities."""

from __future__ import annotations

from .._options import finite


def cost_threshold(*, fp: float, fn: float, tp: float = 0.0, tn: float = 0.0) -> float:
    """Return the threshold of lowest expected cost for calibrated probabilities.

    Parameters
    ----------
    fp, fn, tp, tn : float
        The cost of an example in each cell, as for `expected_cost`; negative for a gain.

    Returns
    -------
    float
        (fp - tn) / (fp - tn + fn - tp), strictly between 0 and 1.

    Raises
    ------
    ValueError
        If a cost is not a finite number, or if a mistake does not cost more than the right
        answer: deciding by a threshold is then not best.

    Notes
    -----
    Of probabilities that are not calibrated it is not the best threshold; find that on
    validation data by `best_threshold` of `expected_cost`. Source: Elkan 2001, Eq. 2.

    Examples
    --------
    >>> import softset as ss
    >>> ss.cost_threshold(fp=1.0, fn=9.0)
    0.1
    """
    for name, cost in (("fp", fp), ("fn", fn), ("tp", tp), ("tn", tn)):
        finite(name, cost)
    for wrong, cost, right, other in (("fp", fp, "tn", tn), ("fn", fn, "tp", tp)):
        if cost <= other:
            raise ValueError(
                f"`{wrong}` must be larger than `{right}`, got {cost!r} and {other!r}; a mistake "
                "has to cost more than the right answer"
            )
    return (fp - tn) / (fp - tn + fn - tp)
