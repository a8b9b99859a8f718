"""The data and the training of constraints.py."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from functools import cache, partial
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pandas as pd

import softset as ss

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
GROUPS, BATCH, UPDATES, CHECKS = 2, 512, 600, 6
RAISED = 10  # updates between raises of the multipliers, whose hard counts are added up
KINDS = {"linear": (0.03, 0), "32 units": (0.005, 32)}  # learning rate, width
STRENGTHS = (10.0, 50.0, 250.0)
MULTIPLIER_RATES = (0.3, 1.0, 3.0)
FACTORS = (1 / 3, 1.0, 3.0)
WEIGHTS = ("classes", "group x class", "all four equal")
# Not features: weights, official splits, and `duration`, which gives bank's label away.
DROPPED = ("fnlwgt", "split", "duration")

CROSS_ENTROPY, REWEIGHED = "cross-entropy, one threshold", "reweighed cross-entropy"
ENTROPY = partial(ss.cross_entropy, from_logits=True)


class Part(NamedTuple):
    """One part of the rows."""

    x: Any
    y: Any
    group: Any


class Fit(NamedTuple):
    """Probabilities of validation and test rows at each check, and CPU seconds of training."""

    checks: list[tuple[Any, Any]]
    seconds: float
    randomized: bool = False
    params: Any = None


# Data


def read(name: str) -> tuple[Any, Any, Any]:
    """Return features without the group, labels, and groups."""
    frame = pd.read_csv(DATA / f"{name}.csv.gz")
    frame = frame.drop(columns=[c for c in DROPPED if c in frame])
    if name == "adult":
        group = frame.pop("sex").eq("Female").to_numpy().astype(int)
    else:
        group = 1 - frame.pop("age").between(25, 60).to_numpy().astype(int)
    y = frame.pop("y").to_numpy()
    return pd.get_dummies(frame, dtype=float).to_numpy(), y.astype(float), group


def parts_of(data: tuple[Any, Any, Any], seed: int) -> list[Part]:
    """Return 60 %, 20 % and 20 %, with as many of each group and label; features are scaled."""
    x, y, group = data
    rng = np.random.default_rng(seed)
    pieces: list[list[Any]] = [[], [], []]
    for kind in range(2 * GROUPS):
        rows = rng.permutation(np.flatnonzero(2 * group + y == kind))
        cuts = [int(0.6 * len(rows)), int(0.8 * len(rows))]
        for piece, own in zip(pieces, np.split(rows, cuts), strict=True):
            piece.append(own)
    train, *_ = rows_of = [np.concatenate(piece) for piece in pieces]
    x = (x - x[train].mean(axis=0)) / np.maximum(x[train].std(axis=0), 0.01)
    return [Part(x[rows].astype(np.float32), y[rows], group[rows]) for rows in rows_of]


# Training


def logits(params: Any, x: Any) -> Any:
    """Return the scores."""
    if len(params) == 2:
        return x @ params[0] + params[1]
    first, bias, second, offset = params
    return (x @ first + bias).clip(0) @ second + offset


def probabilities(params: Any, x: Any) -> Any:
    """Return the probabilities of rows."""
    return 1 / (1 + np.exp(-np.clip(np.asarray(logits(params, x), float), -30, 30)))


class Learned(NamedTuple):
    """What moves while a model is trained."""

    params: Any
    means: Any
    squares: Any
    multipliers: Any
    update: Any


Value = Callable[[Any, Any, Any, Any, Any], Any]  # of y, z, group, weight, multipliers


def compiled(value_of: Value, loss: Any, raised: float | None) -> Any:
    """Return the compiled training: parameters at each check, from rows and first parameters.

    Without `raised` there are no multipliers, and the hard counts are left away by the compiler.
    """

    def update(state: Learned, batch: Any, speed: Any) -> tuple[Learned, Any]:
        x, y, group, weight = batch

        def value(params: Any) -> tuple[Any, Any]:
            z = logits(params, x)
            return value_of(y, z, group, weight, state.multipliers), z

        slopes, z = jax.grad(value, has_aux=True)(state.params)
        t = state.update + 1
        means = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, state.means, slopes)
        squares = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g * g, state.squares, slopes)
        first, second = 1 - 0.9**t, 1 - 0.999**t

        def step(p: Any, m: Any, v: Any) -> Any:
            return p - speed * (m / first) / (jnp.sqrt(v / second) + 1e-8)

        params = jax.tree.map(step, state.params, means, squares)
        hard = loss.violations.confusion(y, z, groups=group)
        return Learned(params, means, squares, state.multipliers, t), hard

    def raise_after(state: Learned, rows: Any, data: Any, speed: Any) -> tuple[Learned, None]:
        def one(state: Learned, rows: Any) -> tuple[Learned, Any]:
            return update(state, tuple(a[rows] for a in data), speed)

        state, hard = jax.lax.scan(one, state, rows)
        if raised is None:
            return state, None
        violations = loss.violations.of_counts(ss.Confusion(*(c.sum(axis=0) for c in hard)))
        multipliers = ss.raise_multipliers(state.multipliers, violations, raised)
        return state._replace(multipliers=multipliers), None

    @jax.jit
    def run(params: Any, rows: Any, data: Any, speed: Any) -> Any:
        def check(state: Learned, rows: Any) -> tuple[Learned, Any]:
            state, _ = jax.lax.scan(lambda s, r: raise_after(s, r, data, speed), state, rows)
            return state, state.params

        zeros = jax.tree.map(jnp.zeros_like, params)
        return jax.lax.scan(check, Learned(params, zeros, zeros, jnp.zeros(1), 0), rows)[1]

    return run


def weighted_entropy(y: Any, z: Any, group: Any, weight: Any, multipliers: Any) -> Any:
    """Return the weighted cross-entropy, where the mean weight of all rows is 1."""
    # That of a batch need not be 1, and the mean of `cross_entropy` is over weights.
    return ENTROPY(y, z, sample_weight=weight) * weight.mean()


@cache
def trainings(rate: Any, bound: float) -> dict[tuple[str, str], Any]:
    """Return the compiled training of each method and setting."""
    gap = ss.at_most(ss.largest_gap(rate), bound)
    loss = ss.constrained(ENTROPY, (gap,), from_logits=True, num_groups=GROUPS)

    def penalized(strength: float) -> Value:
        return lambda y, z, group, weight, _: loss.penalty(strength)(y, z, groups=group)

    def lagrangian(y: Any, z: Any, group: Any, weight: Any, multipliers: Any) -> Any:
        return loss.lagrangian(multipliers)(y, z, groups=group)

    plain = compiled(weighted_entropy, loss, None)
    found = {(CROSS_ENTROPY, f"learning rate x {factor:.2g}"): plain for factor in FACTORS}
    found |= {(REWEIGHED, by): plain for by in WEIGHTS}
    for strength in STRENGTHS:
        run = compiled(penalized(strength), loss, None)
        found["cross-entropy + penalty", f"strength {strength:g}"] = run
    for raised in MULTIPLIER_RATES:
        found["Lagrangian", f"rate {raised:g}"] = compiled(lagrangian, loss, raised)
    return found


def train(run: Any, part: Part, weight: Any, speed: float, width: int, seed: int) -> Any:
    """Return the parameters at each check, and the CPU seconds."""
    rng = np.random.default_rng(seed)
    n = part.x.shape[1]
    params: tuple[Any, ...] = (np.zeros(n), np.zeros(()))
    if width:
        first = rng.normal(size=(n, width)) * np.sqrt(2 / n)
        params = (first, np.zeros(width), rng.normal(size=width) / np.sqrt(width), np.zeros(()))
    params = tuple(jnp.asarray(p, jnp.float32) for p in params)
    rows = rng.integers(0, len(part.y), (CHECKS, UPDATES // CHECKS // RAISED, RAISED, BATCH))
    own = jnp.ones(len(part.y)) if weight is None else jnp.asarray(weight, jnp.float32)
    data = (part.x, jnp.asarray(part.y, jnp.float32), part.group, own)
    start = time.process_time()
    found = [np.asarray(p) for p in run(params, jnp.asarray(rows), data, speed)]
    seconds = time.process_time() - start
    return [tuple(p[i] for p in found) for i in range(CHECKS)], seconds


def reweighed(part: Part, by: str) -> Any:
    """Return weights that make all classes, groups, or both weigh the same; of mean 1.

    "group x class" makes labels and groups independent (Kamiran and Calders 2012).
    """
    y, g = part.y.astype(int), part.group
    n = len(y)
    table = np.zeros((GROUPS, 2))
    np.add.at(table, (g, y), 1 / n)
    of_group, of_class = table.sum(axis=1)[g], table.sum(axis=0)[y]
    cell = table[g, y]
    weight = {
        "classes": 0.5 / of_class,
        "group x class": of_group * of_class / cell,
        "all four equal": 0.25 / cell,
    }[by]
    return weight / weight.mean()


def fits(
    part: Part, held: Part, test: Part, kind: str, rate: Any, bound: float, seed: int
) -> Iterator[tuple[str, str, Fit]]:
    """Yield the method, the setting, and what came out, for three settings of each method."""
    speed, width = KINDS[kind]
    factors = {f"learning rate x {factor:.2g}": factor for factor in FACTORS}
    for (method, setting), run in trainings(rate, bound).items():
        weight = reweighed(part, setting) if method == REWEIGHED else None
        own = speed * factors.get(setting, 1.0)
        if seed == 0:  # the time is that of training, without that of the compiler
            train(run, part, weight, own, width, seed)
        found, seconds = train(run, part, weight, own, width, seed)
        checks = [(probabilities(p, held.x), probabilities(p, test.x)) for p in found]
        yield method, setting, Fit(checks, seconds, params=found)
