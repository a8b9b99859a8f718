"""One method with one model: all its settings on all splits are trained at once."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from importlib import import_module
from typing import Any, NamedTuple

import numpy as np

import softset as ss

from .choice import Choice
from .cuts import Judge
from .methods import BY_GROUP, Method, Objective, Setting
from .network import HIDDEN, Network, adam, begin
from .records import Record
from .splits import Part, Split

LEARNING_RATES = {"linear": 0.03, "mlp": 0.015}


class Budget(NamedTuple):
    """How long is trained, the same for all methods.

    Attributes
    ----------
    updates : int
        With Adam, at most.
    batch : int
        Rows of each.
    checks : int
        How often models are looked at, at even distances.
    patience : int
        Checks without a better model after which training stops.
    """

    updates: int = 1000
    batch: int = 512
    checks: int = 20
    patience: int = 6


def fit(
    model: str,
    name: str,
    method: Method,
    splits: Sequence[Split],
    seeds: Sequence[int],
    judge: Judge,
    backend: str,
    budget: Budget,
) -> list[Record]:
    """Return the records of one model, trained by one method with a framework's own loop."""
    start = time.perf_counter()
    by_group = name == BY_GROUP
    choice = Choice(judge._replace(bound=None) if by_group else judge, splits)
    settings = method.settings(LEARNING_RATES[model])
    network = Network(len(settings), HIDDEN if model == "mlp" else 0)
    _train(network, method, settings, splits, seeds, judge, choice, backend, budget)

    def test_logits(split: int, params: Any) -> Any:
        return network._replace(settings=1)(params, splits[split].test.x[None])[0, 0]

    seconds = time.perf_counter() - start
    return choice.records((model, name), seeds, test_logits, seconds, judge if by_group else None)


def _train(
    network: Network,
    method: Method,
    settings: Sequence[Setting],
    splits: Sequence[Split],
    seeds: Sequence[int],
    judge: Judge,
    choice: Choice,
    backend: str,
    budget: Budget,
) -> None:
    """Offer every model at every check to the choice."""
    parts = [
        _resampled(split.train, method, seed) for split, seed in zip(splits, seeds, strict=True)
    ]
    objective = Objective(method.parts)
    members = import_module(f"softset_backends.{backend}.members")
    advance = members.rounds(objective, network, adam)
    state = begin(network.start(parts[0].x.shape[1], seeds))
    rates = network.rates([setting["learning_rate"] for setting in settings])
    batches = _batches(parts, method, settings, seeds, budget)
    multipliers = np.zeros((len(splits), len(settings)))
    updates = max(budget.updates // method.times, budget.checks)
    # Multipliers are raised twice as often as models are looked at.
    rounds, length = 2 * budget.checks, max(1, updates // (2 * budget.checks))
    for i in range(rounds):
        progress = i / rounds
        factors = [
            [method.factors(setting, progress, m) for setting, m in zip(settings, row, strict=True)]
            for row in multipliers
        ]
        some = [next(batches) for _ in range(length)]
        state, logits = advance(state, some, np.asarray(factors, np.float32), rates)
        if "multiplier_rate" in method.options and judge.bound is not None:
            multipliers = _raised(multipliers, settings, some, logits, judge)
        if i % 2:
            _offer(network, state[0], settings, splits, choice, i)
        # Whoever changes the objective half-way gets as long after it.
        if progress >= 0.5 and i - choice.improved > 2 * budget.patience:
            return


def _offer(
    network: Network,
    params: Any,
    settings: Sequence[Setting],
    splits: Sequence[Split],
    choice: Choice,
    check: int,
) -> None:
    logits = network(params, np.stack([split.validation.x for split in splits]))
    if not np.all(np.isfinite(logits)):
        raise FloatingPointError("a model's logits are not finite")
    for s in range(len(splits)):
        for k, setting in enumerate(settings):

            def own(s: int = s, k: int = k) -> Any:
                return network.member(params, s, k)

            choice.offer(s, setting, logits[s, k], own, check)


def _raised(
    multipliers: Any, settings: Sequence[Setting], batches: Any, logits: Any, judge: Judge
) -> Any:
    """Return multipliers after the hard counts of some batches, added up."""
    bound, z = judge.bound, np.stack(list(logits))
    assert bound is not None
    found = np.empty_like(multipliers)
    y, group = (np.stack([batch[i] for batch in batches]) for i in (1, 2))
    for s, k in np.ndindex(*multipliers.shape):
        decisions = (z[:, s, k].ravel() >= 0).astype(np.float64)
        options = {"groups": group[:, s].ravel(), "num_groups": bound.num_groups}
        c = ss.confusion(y[:, s].ravel(), decisions, step=ss.Hard(), **options)
        over = float(ss.largest_gap(bound.metric)(c)) - bound.gap
        rate = settings[k]["multiplier_rate"]
        found[s, k] = ss.raise_multipliers(multipliers[s, k, None], np.asarray([over]), rate)[0]
    return found


def _batches(
    parts: Sequence[Part],
    method: Method,
    settings: Sequence[Setting],
    seeds: Sequence[int],
    budget: Budget,
) -> Iterator[tuple[Any, Any, Any, Any]]:
    """Yield features, labels, groups and weights of a batch of each split, without end."""
    size = min(budget.batch * method.times, len(parts[0].y))
    orders = [_order(len(part.y), size, seed) for part, seed in zip(parts, seeds, strict=True)]
    weights = None
    if method.row_weight is not None:
        weights = [
            np.stack([method.row_weight(p.y, p.group, setting) for setting in settings])
            for p in parts
        ]
    ones = np.ones((len(parts), len(settings), size), np.float32)
    while True:
        rows = [next(order) for order in orders]
        x, y, group = (
            np.stack([a[i][r] for a, r in zip(parts, rows, strict=True)]) for i in range(3)
        )
        weight = ones
        if weights is not None:
            weight = np.stack([w[:, r] for w, r in zip(weights, rows, strict=True)])
        yield x, y.astype(np.float32), group, weight.astype(np.float32)


def _order(n: int, size: int, seed: int) -> Iterator[Any]:
    """Yield rows in an order that is drawn anew when fewer are left than a batch has."""
    rng = np.random.default_rng(seed)
    while True:
        order = rng.permutation(n)
        for first in range(0, n - size + 1, size):
            yield order[first : first + size]


def _resampled(part: Part, method: Method, seed: int) -> Part:
    """Return training rows with as many positives as negatives, where the method asks for it."""
    if method.resample is None:
        return part
    from imblearn.over_sampling import SMOTE, RandomOverSampler

    rarer = int(min(part.y.sum(), len(part.y) - part.y.sum()))
    sampler: Any = RandomOverSampler(random_state=seed)
    if method.resample == "smote":
        sampler = SMOTE(random_state=seed, k_neighbors=min(5, rarer - 1))
    x, y = sampler.fit_resample(part.x, part.y.astype(int))
    # No method that resamples looks at groups.
    return Part(np.asarray(x, np.float32), np.asarray(y, np.float64), np.zeros(len(y), np.int64))
