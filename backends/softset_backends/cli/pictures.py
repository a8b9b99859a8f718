"""The pictures of a file's predictions."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from softset._types import Metric

from ..folders import files_in
from ..group_table import GroupReport
from .predictions import Predictions

_NAMES = ("roc.png", "precision_recall.png", "metrics.png")


def files(folder: Path, *, groups: bool) -> list[Path]:
    """Return what is drawn, once it is sure that it can be: the groups' picture comes last."""
    from .. import plots  # noqa: F401  # it says what is not installed

    return files_in("--plots", folder, (*_NAMES, *["groups.png"] * groups))


def draw(
    paths: Sequence[Path],
    predictions: Predictions,
    metrics: Sequence[Metric],
    threshold: float,
    report: GroupReport | None,
    *,
    logits: bool,
) -> None:
    """Draw the curves, the metrics over the threshold, and those of the groups."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    from .. import plots

    labels, scores, _ = predictions
    # Curves are of the scores as they are: probabilities of large logits round to 1.
    cut = float(np.log(threshold) - np.log1p(-threshold)) if logits else threshold
    probabilities = np.exp(-np.logaddexp(0, -scores)) if logits else scores
    drawn = [
        plots.plot_roc(labels, scores, threshold=cut),
        plots.plot_precision_recall(labels, scores, threshold=cut),
        plots.plot_metric(list(metrics), labels, probabilities, threshold=threshold),
    ]
    if report is not None:
        drawn.append(plots.plot_groups(report)[0])
    for path, ax in zip(paths, drawn, strict=True):
        plt.sca(ax)
        plt.savefig(path, dpi=150)
        plt.close()
