"""What is wrong with a batch that teaches nothing, in words."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np

import softset as ss
from softset import metrics
from softset._arrays import library
from softset.metrics.options import core
from softset.scores import Score

from ..in_numpy import in_numpy

# A loss that is not softset's is differentiated in time that grows with the square of this.
_MOST_SCORES = 4096
# Fewer positives than this make the gradient of a metric noise.
_FEW = 5
# Below this share of the largest slope, a slope has vanished.
_VANISHED = 1e-3
# With a smaller share of the rarer class, always saying the other one looks good.
_IMBALANCED = 0.2


class Finding(NamedTuple):
    """Something that a batch or a loss suffers from."""

    name: str
    text: str


@dataclass(frozen=True)
class Diagnosis:
    """What `diagnose` returns: true if nothing was found, and sentences as a string.

    Attributes
    ----------
    findings : tuple of Finding
        Each with a ``name``, such as "no positives", and a ``text`` that says what to do.
    """

    findings: tuple[Finding, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether nothing was found."""
        return not self.findings

    def __bool__(self) -> bool:
        return self.ok

    def __str__(self) -> str:
        return "\n".join(f.text for f in self.findings) or "Nothing found: the batch has a signal."


class _Batch(NamedTuple):
    """The entries that count, in float64, with their weights."""

    labels: Any
    scores: Any
    weights: Any
    counted: Any


def diagnose(
    y_true: Any,
    y_prob: Any,
    loss: Callable[..., Any],
    *,
    sample_weight: Any | None = None,
    where: Any | None = None,
) -> Diagnosis:
    """Say in words why a loss learns little or nothing from a batch.

    Parameters
    ----------
    y_true, y_prob : arrays of any framework
        The batch as the loss is called with it. Nothing is said by an error that can be said
        by a finding.
    loss : callable
        What `softset.as_loss` returned, or another function of ``(y_true, y_prob)`` written
        against the array API.
    sample_weight, where : arrays, optional
        As for the loss.

    Returns
    -------
    Diagnosis
        Findings by these names: "empty", "not finite", "swapped", "labels", "logits",
        "no positives", "no negatives", "few positives", "constant scores", "no gradient",
        "sharp step", "accuracy".

    Raises
    ------
    TypeError
        If `loss` is not callable or an argument is not an array.
    ValueError
        If the shapes differ.

    Notes
    -----
    The gradient of a loss that is not softset's is looked at for up to 4096 scores.

    Examples
    --------
    >>> import numpy as np
    >>> import softset as ss
    >>> import softset_backends as sb
    >>> y_prob = np.asarray([0.1, 0.2, 0.4, 0.7])
    >>> print([f.name for f in sb.diagnose(np.zeros(4), y_prob, ss.as_loss(ss.f1)).findings])
    ['no positives', 'no gradient']
    """
    if not callable(loss):
        raise TypeError(f"`loss` must be a function of (y_true, y_prob), got {loss!r}")
    given = {"y_true": y_true, "y_prob": y_prob, "sample_weight": sample_weight, "where": where}
    arrays = {name: _to_numpy(name, x) for name, x in given.items() if x is not None}
    batch = _batch(**arrays)
    if not np.any(batch.counted):
        return Diagnosis((Finding("empty", "No score counts: the batch is empty or masked."),))
    found = _of_values(batch, loss)
    if not found:
        found = [*_of_labels(batch, loss), *_of_scores(batch), *_of_gradient(arrays, batch, loss)]
    return Diagnosis(tuple(found))


def _to_numpy(name: str, x: Any) -> Any:
    """Return an array of any framework as a NumPy array."""
    library((name,), (x,))  # refuses lists and the like
    x = in_numpy(name, x)
    return x if x.dtype.kind in "biu" else x.astype(np.float64)


def _batch(y_true: Any, y_prob: Any, sample_weight: Any = None, where: Any = None) -> _Batch:
    if y_true.shape != y_prob.shape:
        raise ValueError(
            f"`y_true` and `y_prob` must have one shape, got {y_true.shape} and {y_prob.shape}"
        )
    weights = np.ones(y_prob.shape)
    if where is not None:
        weights = np.where(np.broadcast_to(where, y_prob.shape), weights, 0.0)
    if sample_weight is not None:
        weights = weights * np.broadcast_to(sample_weight, y_prob.shape)
    return _Batch(y_true.astype(np.float64), y_prob.astype(np.float64), weights, weights > 0)


def _of_values(batch: _Batch, loss: Any) -> list[Finding]:
    """Return what makes the numbers no labels or no scores."""
    labels, scores = batch.labels[batch.counted], batch.scores[batch.counted]
    for name, x in (("y_true", labels), ("y_prob", scores)):
        bad = int(np.sum(~np.isfinite(x)))
        if bad:
            text = f"`{name}` holds {bad} values that are NaN or infinite, of {x.size}."
            return [Finding("not finite", text)]
    if np.any(labels % 1 != 0) and np.all((scores == 0) | (scores == 1)):
        text = "The arguments look swapped: `y_true` holds scores and `y_prob` labels."
        return [Finding("swapped", f"{text} The order is (y_true, y_prob).")]
    found = []
    if np.min(labels) < 0 or np.max(labels) > 1:
        text = f"Labels must lie in [0, 1], got {np.min(labels):g} to {np.max(labels):g}."
        found.append(Finding("labels", f"{text} Code the two classes as 0 and 1."))
    if not getattr(loss, "from_logits", False) and (np.min(scores) < 0 or np.max(scores) > 1):
        text = f"Scores from {np.min(scores):g} to {np.max(scores):g} look like logits."
        found.append(Finding("logits", f"{text} Pass from_logits=True to as_loss."))
    return found


def _of_labels(batch: _Batch, loss: Any) -> list[Finding]:
    """Return what the classes' sizes are bad for."""
    axis = getattr(loss, "axis", None)
    positives = np.sum(batch.weights * batch.labels, axis=axis)
    negatives = np.sum(batch.weights * (1 - batch.labels), axis=axis)
    found = []
    for name, total in (("positives", positives), ("negatives", negatives)):
        if np.any(total == 0):
            text = f"There are no {name}{_where(total == 0)}: one class is all there is."
            found.append(Finding(f"no {name}", f"{text} Sample every batch from both classes."))
    few = (positives > 0) & (positives < _FEW)
    if np.any(few):
        text = f"There are {np.min(positives[few]):g} positives{_where(few)}, fewer than {_FEW}:"
        hint = "the gradient is mostly noise. Take larger batches, or linearize over several."
        found.append(Finding("few positives", f"{text} {hint}"))
    share = float(np.sum(positives) / (np.sum(positives) + np.sum(negatives)))
    if (
        core(getattr(loss, "metric", None)) in (metrics.accuracy, metrics.error_rate)
        and 0 < share < 1
    ):
        most = max(share, 1 - share)
        if most > 1 - _IMBALANCED:
            text = f"Always naming the larger class is right for {most:.0%} of the data."
            hint = "Train on balanced_accuracy, f1 or matthews_corrcoef instead of accuracy."
            found.append(Finding("accuracy", f"{text} {hint}"))
    return found


def _of_scores(batch: _Batch) -> list[Finding]:
    """Return what the scores are bad for."""
    scores = batch.scores[batch.counted]
    if scores.size > 1 and np.all(scores == scores[0]):
        text = f"All scores are {scores[0]:g}: the model does not look at its input."
        return [Finding("constant scores", text)]
    return []


def _of_gradient(arrays: dict[str, Any], batch: _Batch, loss: Any) -> list[Finding]:
    """Return what is wrong with the gradient."""
    if isinstance(loss, Score):
        loss = replace(loss, **{name: _constant(name, getattr(loss, name)) for name in _THRESHOLDS})
    elif batch.scores.size > _MOST_SCORES:
        return []
    options = {key: x for key, x in arrays.items() if key in ("sample_weight", "where")}
    _, gradient = ss.value_and_grad(loss)(arrays["y_true"], arrays["y_prob"], **options)
    gradient = gradient[batch.counted]
    if not np.all(np.isfinite(gradient)):
        bad = int(np.sum(~np.isfinite(gradient)))
        text = f"The gradient is NaN or infinite for {bad} of {gradient.size} scores."
        return [Finding("not finite", text)]
    if isinstance(getattr(loss, "step", None), ss.Hard):
        text = "The gradient of the hard step is 0. Train with a soft one, such as Linear()."
        return [Finding("no gradient", text)]
    if np.all(gradient == 0):
        text = "The gradient is exactly 0 for every score: nothing is learned from this batch."
        return [Finding("no gradient", text)]
    return _of_step(batch, loss) if isinstance(loss, Score) else []


_THRESHOLDS = ("threshold", "thresholds")


def _of_step(batch: _Batch, loss: Score) -> list[Finding]:
    """Return whether most slopes of the step have vanished, for whatever metric."""
    scores = np.where(batch.counted, batch.scores, 0.0)
    if loss.from_logits:
        scores = 0.5 + 0.5 * np.tanh(0.5 * scores)
    # Its slope with respect to a score is the step's, the same factor apart for all.
    rate = replace(loss, metric=ss.metrics.predicted_positive_rate, from_logits=False, axis=None)
    slopes = np.abs(ss.value_and_grad(rate)(np.zeros_like(scores), scores)[1][batch.counted])
    share = float(np.mean(slopes <= _VANISHED * np.max(slopes)))
    if share <= 0.5:
        return []
    text = f"The step {loss.step} has vanishing slopes at {share:.0%} of the scores:"
    hint = "few of them are learned from. Take a wider or less sharp step."
    return [Finding("sharp step", f"{text} {hint}")]


def _constant(name: str, x: Any) -> Any:
    return x if x is None or isinstance(x, (int, float, tuple)) else _to_numpy(name, x)


def _where(condition: Any) -> str:
    """Say in which classes a condition holds."""
    if np.ndim(condition) != 1:
        return ""
    names = [str(i) for i in np.flatnonzero(condition)]
    more = f" and {len(names) - 5} more" if len(names) > 5 else ""
    return f" in class {', '.join(names[:5])}{more}"
