"""The best of the cuts that keep all bounds, on the data or in the population."""

from __future__ import annotations

from typing import Any

from .._arrays.values import truth
from .._types import Metric
from ..constraints.bounds import Constraint
from . import by_group as of_groups
from .cuts import Cuts, first, read_off
from .guarantee import Proof, shown_at
from .limits import closest, limit, refusal
from .ranks import best, meets, rank
from .unproven import refusal as refusal_of_proof

# Which argument holds a metric whose bound another one holds.
_ARGUMENT = {"bound": "constraint", "subject_to": "subject_to"}


def search(
    name: str,
    metric: Metric,
    larger: bool,
    constraints: tuple[Constraint, ...],
    cuts: Cuts,
    proof: Proof | None,
) -> tuple[Any, Any]:
    """Return the best of the thresholds that keep all bounds, which `name` gave, and its value."""
    xp = cuts.lib.xp
    if cuts.own:
        place, found = of_groups.search(metric, larger, constraints, cuts)
    else:
        place, found = _one_for_all(name, metric, larger, constraints, cuts, proof)
    if cuts.seen and truth(xp.all(found)) is False and constraints:
        if proof is not None:
            raise refusal_of_proof(name, proof, cuts, found)
        nearest = place if cuts.own else closest(name, constraints, cuts)
        raise refusal(name, constraints, cuts, found, nearest)
    threshold, value = read_off(metric, cuts, place)
    if not constraints:
        return threshold, value
    all_found = found[..., None] if cuts.own else found
    return (
        xp.where(all_found, threshold, xp.full_like(threshold, xp.nan)),
        xp.where(found, value, xp.full_like(value, xp.nan)),
    )


def _one_for_all(
    name: str,
    metric: Metric,
    larger: bool,
    constraints: tuple[Constraint, ...],
    cuts: Cuts,
    proof: Proof | None,
) -> tuple[Any, Any]:
    """Return the best place, and whether it keeps all bounds."""
    lib = cuts.lib
    values = rank("metric", metric, larger, cuts)
    limits = [limit(_ARGUMENT[name], one, cuts) for one in constraints]
    allowed = cuts.possible
    for ranked, one in zip(limits, constraints, strict=True):
        allowed = allowed & meets(lib, ranked, one.bound)
    if proof is not None:
        for test in proof.tests:
            allowed = allowed & shown_at(test, proof.level, cuts)
    marked = best(lib, values, allowed)
    for ranked in limits:
        marked = best(lib, ranked, marked)
    return first(lib, marked), lib.xp.any(allowed, axis=-1)
