"""Ways of training, and what was found of them, in words."""

from __future__ import annotations

from .question import Key, Question, baseline_of
from .statistics import Estimate
from .summary import Row

MODELS = {
    "linear": "a linear model",
    "boosting": "gradient boosted trees",
    "mlp": "a network with one hidden layer (MLP)",
}

_SURE = 0.95

_METHODS = {
    "cross-entropy": "on cross-entropy",
    "class-weighted": "on cross-entropy with a heavier positive class",
    "focal": "on the focal loss",
    "oversampling": "on cross-entropy, with positives drawn more often",
    "smote": "on cross-entropy, with synthetic positives of SMOTE",
    "pairwise": "on the pairwise ranking loss",
    "metric (linear)": "on the loss of {metric} with the step Linear",
    "metric (sigmoid)": "on the loss of {metric} with the step Sigmoid",
    "metric (identity)": "on the loss of {metric} with the step Identity",
    "cross-entropy, then metric": "on cross-entropy first, then on the loss of {metric}",
    "cross-entropy + metric": "on the sum of cross-entropy and the loss of {metric}",
    "micro-batches": "on the loss of {metric} of exact micro-batches",
    "reweighing": "on cross-entropy, with weights that make group and label independent",
    "penalty": "on cross-entropy with a penalty on the gap between groups",
    "lagrangian": "on cross-entropy with a multiplier that holds the gap between groups",
    "thresholds per group": "on cross-entropy",
}

_RULES = {
    "0.5": "and keep the threshold of 0.5",
    "labels": "and choose its threshold on the labels of validation rows",
    "expected": "and choose its threshold on expected counts of validation rows",
}


def method(name: str, question: Question) -> str:
    """Return a method as it follows the word train."""
    return _METHODS.get(name, f"by {name}").format(metric=question.name)


def rule(name: str, of_method: str, question: Question) -> str:
    """Return a rule for the threshold as the end of a sentence."""
    if of_method == "thresholds per group":
        return "and choose a threshold for each group on validation rows"
    bound = question.subject_to
    if bound is None or name == "0.5":
        return _RULES.get(name, f"and choose its threshold by {name}")
    if name == "guarantee":
        return (
            "and choose its threshold on validation rows so that they show "
            f"{bound} with a confidence of {question.confidence:g}"
        )
    return f"{_RULES[name]}, of those with {bound}"


def key(of: Key) -> str:
    """Return a way of training in a few words."""
    model, method, rule = of
    at = "at 0.5" if rule == "0.5" else f"threshold by {rule}"
    return f"{method} ({model}, {at})"


def interval(found: Estimate, least: float = -float("inf")) -> str:
    """Return a mean with its interval, as far as it is known."""
    if found.low != found.low:
        return f"{found.mean:.3f}"
    return f"{found.mean:.3f} [{max(found.low, least):.3f}, {found.high:.3f}]"


def verdict(row: Row, question: Question) -> str:
    """Say what was gained on cross-entropy with a tuned threshold, and how sure that is."""
    gain = row.gain
    if row.key == baseline_of(row.key):
        return "That is the usual way: nothing simpler or practically better was found."
    if not gain.splits:
        return "What it gains on cross-entropy with a tuned threshold is not known."
    tuned = "that shows the bound" if row.rule == "guarantee" else "tuned on labels"
    of = f"cross-entropy with a threshold {tuned} ({row.model})"
    if gain.splits < 2:
        return f"It differs by {gain.mean:+.3f} from {of}, on the one split that there is."
    by = f"{gain.mean:+.3f} [{gain.low:+.3f}, {gain.high:+.3f}]"
    if gain.better >= _SURE:
        return f"It is better than {of}, by {by}, with probability {sure(gain.better)}."
    if gain.equivalent >= _SURE:
        return (
            f"No practical difference to {of}: {by}, within {question.equivalent:g} with "
            f"probability {sure(gain.equivalent)}."
        )
    if gain.worse >= _SURE:
        return (
            f"On test rows it is worse than {of}, by {by}: the choice on validation rows did not "
            "hold, so stay with that."
        )
    return (
        f"Against {of} it gains {by}. The splits do not decide: practically better with "
        f"probability {gain.better:.2f}, equivalent {gain.equivalent:.2f}, worse {gain.worse:.2f}."
    )


def unshown(question: Question) -> str:
    """Say that no threshold shows the bound."""
    return (
        f"No way of training has a threshold on every split at which validation rows show "
        f"{question.subject_to} with a confidence of {question.confidence:g}: there are too few "
        "rows, or the bound is too tight. What follows has no guarantee, and other rows may break "
        "the bound about as often as keep it."
    )


def sure(probability: float) -> str:
    """Return a probability without the claim that it is 1."""
    return "above 0.99" if probability > 0.99 else f"{probability:.2f}"
