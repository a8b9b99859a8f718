"""Losses of a table of classes in order, against cross-entropy: the quality of wine.

Run ``python benchmarks/ordinal.py`` from a checkout; it prints results/ordinal.md. The data are
read from shared/data beside the checkout, or from the folder that is given as an argument.
dlordinal's losses are left out where it is not installed (benchmarks/requirements.txt).
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy.optimize import minimize
from sklearn.metrics import cohen_kappa_score, mean_absolute_error
from sklearn.model_selection import StratifiedShuffleSplit
from sklearn.preprocessing import StandardScaler

import softset as ss

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
SPLITS = StratifiedShuffleSplit(n_splits=5, test_size=0.3, random_state=0)
STEPS, PENALTY, UNITS = 150, 1e-4, 32
Objective = Callable[[Any, Any], tuple[float, Any]]


def data(folder: Path) -> tuple[Any, Any]:
    """Return features, and class numbers from 0 on; rows that are copies of others are dropped."""
    frame = pd.read_csv(folder / "wine_white_quality.csv.gz").drop(columns="y").drop_duplicates()
    quality = frame.pop("quality").to_numpy().astype(int)
    return frame.to_numpy(dtype=float), quality - quality.min()


def cross_entropy(y: Any, z: Any) -> tuple[float, Any]:
    """Return the mean cross-entropy of the softmax, and its gradient."""
    p = np.exp(z - z.max(1, keepdims=True))
    p /= p.sum(1, keepdims=True)
    rows = np.arange(len(y))
    value = -np.log(np.maximum(p[rows, y], 1e-300)).mean()
    p[rows, y] -= 1
    return value, p / len(y)


def dlordinal_losses(classes: int) -> dict[str, Objective]:
    """Return losses of dlordinal with its defaults, if it is installed."""
    try:
        from dlordinal.losses import CDWCELoss, EMDLoss, WKLoss
    except ImportError:
        return {}
    import torch

    def objective(loss: Any) -> Objective:
        def of_logits(y: Any, z: Any) -> tuple[float, Any]:
            # In float32, which its targets are cast to.
            logits = torch.tensor(z, dtype=torch.float32, requires_grad=True)
            value = loss(logits, torch.tensor(y))
            value.backward()
            return value.item(), logits.grad.double().numpy()

        return of_logits

    return {
        "dlordinal WKLoss": objective(WKLoss(classes, use_logits=True)),
        "dlordinal CDWCELoss": objective(CDWCELoss(classes)),
        "dlordinal EMDLoss": objective(EMDLoss(classes)),
    }


class Model:
    """A linear model, or a network of one layer of tanh units, without a framework."""

    def __init__(self, features: int, classes: int, units: int, seed: int) -> None:
        self.shapes = [(features + 1, classes)]
        if units:
            self.shapes = [(features + 1, units), (units + 1, classes)]
        rng = np.random.default_rng(seed)
        parts = [rng.normal(size=s).ravel() / s[0] ** 0.5 for s in self.shapes]
        self.flat = np.concatenate(parts) * (1.0 if units else 0.0)

    def layers(self, flat: Any) -> list[Any]:
        """Return the weights of each layer."""
        cuts = np.cumsum([a * b for a, b in self.shapes])[:-1]
        parts = zip(np.split(flat, cuts), self.shapes, strict=True)
        return [part.reshape(shape) for part, shape in parts]

    def logits(self, x: Any) -> Any:
        """Return the logits, and what every layer was given."""
        return self._forward(self.flat, x)[0]

    def _forward(self, flat: Any, x: Any) -> tuple[Any, list[Any]]:
        given, layers = [], self.layers(flat)
        for i, weights in enumerate(layers):
            given.append(np.hstack([x, np.ones((len(x), 1))]))
            x = given[-1] @ weights
            x = np.tanh(x) if i < len(layers) - 1 else x
        return x, given

    def fit(self, objective: Objective, x: Any, y: Any, steps: int) -> Model:
        """Follow the objective's gradient by L-BFGS from where the weights are."""

        def of_weights(flat: Any) -> tuple[float, Any]:
            z, given = self._forward(flat, x)
            value, slope = objective(y, z)
            slopes = []
            for weights, inputs in zip(self.layers(flat)[::-1], given[::-1], strict=True):
                slopes.append((inputs.T @ slope).ravel())
                slope = (slope @ weights[:-1].T) * (1 - inputs[:, :-1] ** 2)
            gradient = np.concatenate(slopes[::-1]) + 2 * PENALTY * flat
            return float(value) + PENALTY * flat @ flat, gradient

        options = {"maxiter": steps}
        self.flat = minimize(of_weights, self.flat, jac=True, method="L-BFGS-B", options=options).x
        return self


def decisions(x: Any, y: Any, unseen: Any, units: int, seed: int) -> dict[str, Any]:
    """Fit every method; return its decisions on unseen data."""
    classes = y.max() + 1
    apart = np.abs(np.arange(classes)[:, None] - np.arange(classes)).astype(float)
    kappa = partial(ss.multiclass_cohen_kappa, weights="quadratic")
    cost = partial(ss.multiclass_expected_cost, cost=tuple(map(tuple, apart.tolist())))
    losses = {
        "kappa loss": ss.value_and_grad(ss.as_loss(kappa, from_logits=True)),
        "cost loss": ss.value_and_grad(ss.as_loss(cost, from_logits=True)),
        **dlordinal_losses(classes),
    }
    make = partial(Model, x.shape[1], classes, units, seed)
    z = make().fit(cross_entropy, x, y, STEPS).logits(unseen)
    p = np.exp(z - z.max(1, keepdims=True))
    found = {
        "cross-entropy, arg max": z.argmax(1),
        "cross-entropy, least expected distance": (p @ apart).argmin(1),
        "cross-entropy, least expected square": (p @ apart**2).argmin(1),
    }
    for name, loss in losses.items():
        found[name] = make().fit(loss, x, y, STEPS).logits(unseen).argmax(1)
        both = make().fit(cross_entropy, x, y, STEPS // 2).fit(loss, x, y, STEPS // 2)
        found[f"cross-entropy, then {name}"] = both.logits(unseen).argmax(1)
    return found


def main() -> None:
    """Print the tables."""
    x, y = data(Path(sys.argv[1]) if len(sys.argv) > 1 else DATA)
    print(
        "# Classes in order: quadratic kappa and expected cost as losses\n\n"
        f"`python benchmarks/ordinal.py`. The quality of white wine, {len(y)} different rows, "
        f"{y.max() + 1} classes; {SPLITS.get_n_splits()} splits, 30 % held out. L-BFGS, {STEPS} "
        "iterations in all for every method and the same weight decay; nothing was tuned. The cost "
        "is the distance of the classes. In front the mean on held-out rows, behind it the "
        "standard deviation over the splits. Larger kappa is better, smaller error is.\n"
    )
    for title, units in (("Linear", 0), (f"A layer of {UNITS} tanh units", UNITS)):
        table: dict[str, list[tuple[float, float]]] = {}
        for seed, (seen, unseen) in enumerate(SPLITS.split(x, y)):
            scale = StandardScaler().fit(x[seen])
            arrays = scale.transform(x[seen]), y[seen], scale.transform(x[unseen])
            for name, best in decisions(*arrays, units, seed).items():
                kappa = cohen_kappa_score(y[unseen], best, weights="quadratic")
                error = mean_absolute_error(y[unseen], best)
                table.setdefault(name, []).append((kappa, error))
        print(f"{title}\n\n| | quadratic kappa | mean absolute error |\n|---|---|---|")
        for name, values in table.items():
            cells = (f"{np.mean(v):.3f} ± {np.std(v):.3f}" for v in zip(*values, strict=True))
            print(f"| {name} | {' | '.join(cells)} |")
        print(flush=True)


if __name__ == "__main__":
    main()
