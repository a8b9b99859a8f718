"""Which labels choose the threshold: those of few rows, what the model expects, or half of both.

Run ``python benchmarks/thresholds.py`` from a checkout; it prints a page in Markdown and needs
scikit-learn, pandas, PyTorch for the data's module, and the data sets of shared/data beside the
checkout.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Any

import numpy as np
import sklearn
from thresholds_fits import (
    CLASSIFIERS,
    DRAWS,
    FILES,
    METHODS,
    METRICS,
    NETWORKS,
    SPLITS,
    WORTH,
    binary,
    gains,
    networks,
    out_of_fold,
    yeast,
)

ROWS, ROWS_OF_YEAST = (100, 300, 1000, None), (100, 200, 500, None)
FITS = 10  # of a classifier, for each number of rows
FEWEST = 9.5  # positives among them, for each fold to have two
HEAD = f"| metric | rows | {METHODS[0]} | {' | '.join(METHODS[1:])} | that behind on | warned |"


def row(name: str, number: int | None, several: Any) -> str:
    """Return the mean gains of methods and their errors, of (sets, methods + 1)."""
    several = np.asarray(several)
    gain = several[:, 1:-1] - several[:, :1]
    error = gain.std(axis=0, ddof=1) / np.sqrt(len(gain))
    cells = [f"{g:+.3f} ± {e:.3f}" for g, e in zip(gain.mean(axis=0), error, strict=True)]
    last = gain[:, -1]
    behind = int(np.sum(last < -0.005))
    words = f"{behind}, at most {-last.min():.3f}" if behind else "none"
    parts = [name, str(number or "all"), f"{several[:, 0].mean():.3f}", *cells, words]
    return f"| {' | '.join(parts)} | {several[:, -1].mean():.0%} |"


def table(sizes: Iterable[int | None], by_size: list[Any], names: Iterable[str]) -> str:
    """Return a table of values of (sizes, sets, metrics, methods + 1)."""
    lines = [HEAD, "|---" * (HEAD.count("|") - 1) + "|"]
    for i, name in enumerate(names):
        sets = [np.asarray(values)[:, i] for values in by_size]
        lines += [row(name, *pair) for pair in zip(sizes, sets, strict=True)]
    return "\n".join(lines)


def of_networks(kind: str) -> str:
    """Return the table of networks, whose validation rows choose the threshold."""
    of_sets = [networks(*binary(name), kind) for name in FILES]
    metrics = list(METRICS.values())
    by_size = [
        [
            np.mean([gains(one, metrics, number, seed) for seed, one in enumerate(fits)], axis=0)
            for fits in of_sets
        ]
        for number in ROWS
    ]
    return table(ROWS, by_size, METRICS)


def of_yeast(kind: str) -> str:
    """Return the table of networks of yeast; the errors are over its splits."""
    fits, metrics = networks(*yeast(), kind), list(METRICS.values())
    by_size = [
        [gains(one, metrics, number, seed) for seed, one in enumerate(fits)]
        for number in ROWS_OF_YEAST
    ]
    return table(ROWS_OF_YEAST, by_size, [f"macro {name}" for name in METRICS])


def of_classifier(name: str) -> str:
    """Return the table of a classifier, of which all rows choose the threshold, out of fold."""
    metrics, by_size = list(METRICS.values()), []
    of_sets = [binary(one) for one in FILES]
    for number in ROWS:
        values = []
        for x, y in of_sets:
            if (number or 0.5 * len(y)) * y.mean() < FEWEST:
                continue
            fits = [out_of_fold(x, y, CLASSIFIERS[name], number or 0.5, i) for i in range(FITS)]
            values.append(np.mean([gains(one, metrics, None, 0) for one in fits], axis=0))
        by_size.append(values)
    return table(ROWS, by_size, METRICS)


PAGE = """# Which labels choose the threshold

`python benchmarks/thresholds.py`, from a checkout. The threshold is chosen on n rows by
`best_threshold(metric, labels, p)` with these labels, y being those of the rows:

- **labels**: y
- **expected**: the model's probabilities p
- **recalibrated**: q = `recalibrated(y, p)`, a logistic regression of y on the logits of p, of the
  same n rows
- **half**: `expected_labels(y, q)`, which is (y + q) / 2
- **fewer with more rows**: `expected_labels(y, q, share={worth} / ({worth} + n))`, the default of
  `ThresholdClassifier`

The column "labels" is the metric on test data, the next ones are the differences from it: the mean
over {sets} data sets and its standard error. "That behind on" says on how many of them the last
method is behind by more than 0.005, and by how much at most. "Warned" says of how many draws of
rows `expected_labels(y, p)` warns. Draws of one set, its splits and the metrics share data.
"""
OF_NETWORKS = """## Networks, {kind}

Of 32 units, trained with cross-entropy on half of the rows; {splits} random splits, stratified.
n of the validation rows choose the threshold, drawn {draws} times.
"""
OF_YEAST = """## Networks of yeast, {kind}

Fourteen labels with a threshold each, and the mean of the metric over them; errors are over the
splits, and "behind on" counts these. Where n rows have no positive of a label, or no negative, q
is p.
"""
OF_CLASSIFIER = """## {name}, as in ThresholdClassifier

Fitted on n rows, {fits} draws of each set; out-of-fold probabilities of the same n rows, of five
folds, choose the threshold, and the classifier fitted on all of them is tested on the others. All
is half of the data set. Sets of which n rows have fewer than ten positives are left out.
"""


if __name__ == "__main__":
    start = time.process_time()
    print(PAGE.format(sets=len(FILES), worth=WORTH), flush=True)
    for kind in NETWORKS:
        print(OF_NETWORKS.format(kind=kind, splits=SPLITS, draws=DRAWS))
        print(f"{of_networks(kind)}\n", flush=True)
    for kind in NETWORKS:
        print(OF_YEAST.format(kind=kind))
        print(f"{of_yeast(kind)}\n", flush=True)
    for name in CLASSIFIERS:
        print(OF_CLASSIFIER.format(name=name[0].upper() + name[1:], fits=FITS))
        print(f"{of_classifier(name)}\n", flush=True)
    seconds = time.process_time() - start
    print(f"scikit-learn {sklearn.__version__}, NumPy {np.__version__}; {seconds:.0f} seconds.")
