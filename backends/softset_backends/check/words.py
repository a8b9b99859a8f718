"""What `softset check` says of a function: who is wrong, where, by how much, and what to do."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, NamedTuple

import numpy as np

from .blame import Blame
from .gaps import Run
from .jumps import Jump
from .report import Worst


class Batch(NamedTuple):
    """What is needed to name a score."""

    scores: Any
    labels: Any | None
    cases: Sequence[str]

    @classmethod
    def of(cls, arrays: Sequence[Any], argnum: int, cases: Sequence[str]) -> Batch:
        """Return the batch of a call; labels are its first array if it has one for each score."""
        scores = arrays[argnum]
        labels = arrays[0] if argnum and np.shape(arrays[0]) == np.shape(scores) else None
        return cls(scores, labels, cases)

    def place(self, index: int) -> str:
        """Return a score in words, with its label where there is one of each."""
        x = float(np.ravel(self.scores)[index])
        score = f"score {x:.6g}" if x == 1 or f"{x:.6g}" != "1" else f"score {x:.9g}"
        if self.labels is None:
            return score
        return f"{score} of label {float(np.ravel(self.labels)[index]):g}"


def sentences(blames: Sequence[Blame], runs: Collection[Run], batch: Batch) -> tuple[str, ...]:
    """Return one sentence for each thing that is wrong, of all whom it concerns."""
    groups: dict[Any, list[Blame]] = {}
    places: dict[Any, int] = {}
    for x in blames:
        # Of two modes or dtypes of a backend one place is enough.
        place = places.setdefault((x.case, x.name, x.run[0]), x.index)
        key = (x.case, x.name, _kind(x.text), x.by, place)
        groups.setdefault(key[:2] if "disagree" in x.name else key, []).append(x)
    return tuple(_sentence(group, runs, batch) for group in groups.values())


def of_jump(jump: Jump, batch: Batch) -> str:
    """Return the sentence for a jump."""
    label = batch._replace(scores=np.full(np.shape(batch.scores), jump.score)).place(jump.index)
    return _named(batch, 0, len(batch.cases) > 1) + (
        f"the loss jumps by {jump.size:.3g} at {label}, which no gradient shows: it has a step "
        "in it, such as a comparison or a rounded number; count with a smooth step"
    )


def unexplained(worst: Worst | None) -> str:
    """Return the sentence where backends agree, and yet are too far from a referee."""
    return f"nobody is outvoted, but this is above the tolerance: {worst}"


def _named(batch: Batch, case: int, nameless: bool = False) -> str:
    name = "" if nameless or case >= len(batch.cases) else batch.cases[case]
    return f"{name}: " if name else ""


def _sentence(group: Sequence[Blame], runs: Collection[Run], batch: Batch) -> str:
    x = group[0]
    if x.name == "single precision":  # which only float64 can lack
        runs = [run for run in runs if run[2] == "float64"]
    who = _who([blame.run for blame in group], runs)
    return _named(batch, x.case) + _SENTENCES[x.name](x, who, batch, group)


def _fails(x: Blame, who: str, batch: Batch, group: Sequence[Blame]) -> str:
    text = x.text.removesuffix(".")
    text = text if len(text) <= _LONGEST else text[:_LONGEST].rstrip() + " ..."
    return f"fails on {who}: {text}{_hint(x.text)}"


def _wrong_shape(x: Blame, who: str, batch: Batch, group: Sequence[Blame]) -> str:
    return f"returns {x.text} on {who}, but another number elsewhere"


def _value_not_finite(x: Blame, who: str, batch: Batch, group: Sequence[Blame]) -> str:
    return (
        f"the value is {_not_finite(x.found)} on {who}; keep denominators, logarithms and "
        "exponentials away from 0 and from overflow, by a where or a formula for logits"
    )


def _gradient_not_finite(x: Blame, who: str, batch: Batch, group: Sequence[Blame]) -> str:
    return (
        f"the gradient is {_not_finite(x.found)} on {who} at {batch.place(x.index)}"
        f"{_more(x, batch)}; make the argument of a root, a logarithm or a quotient safe before "
        "it is computed, since a where behind it keeps the value only"
    )


def _wrong_value(x: Blame, who: str, batch: Batch, group: Sequence[Blame]) -> str:
    digits = ".7" if abs(x.found - x.expected) > 1e-6 * abs(x.expected) else ".17"
    return f"wrong value on {who}: {x.found:{digits}g}, but {x.expected:{digits}g} on {_and(x.by)}"


def _single_precision(x: Blame, who: str, batch: Batch, group: Sequence[Blame]) -> str:
    return f"computes with single precision on {who}; cast to y_prob.dtype, not to float32"


def _wrong_gradient(x: Blame, who: str, batch: Batch, group: Sequence[Blame]) -> str:
    by = f"on {_and(x.by)}" if x.by else "by central differences"
    detached = "; something detaches it there, such as stop_gradient or detach"
    return (
        f"wrong gradient on {who} at {batch.place(x.index)}: {x.found:.4g}, but "
        f"{x.expected:.4g} {by}{_more(x, batch)}{detached if x.found == 0 else ''}"
    )


def _values_disagree(x: Blame, who: str, batch: Batch, group: Sequence[Blame]) -> str:
    values = {blame.run[0]: f"{blame.found:.7g} on {blame.run[0]}" for blame in group}
    return f"values disagree, and nobody is outvoted: {', '.join(values.values())}"


def _gradients_disagree(x: Blame, who: str, batch: Batch, group: Sequence[Blame]) -> str:
    slopes = {blame.run[0]: f"{blame.found:.4g} on {blame.run[0]}" for blame in group}
    return (
        f"gradients disagree, and nobody is outvoted, at {batch.place(x.index)}: "
        f"{', '.join(slopes.values())}"
    )


def _kink(x: Blame, who: str, batch: Batch, group: Sequence[Blame]) -> str:
    return (
        f"{who} takes another slope at a kink than {_and(x.by)}, at {batch.place(x.index)}: "
        f"{x.found:.4g}, not {x.expected:.4g}; both lie between those of the two sides"
    )


_SENTENCES = {
    "fails": _fails,
    "wrong shape": _wrong_shape,
    "value not finite": _value_not_finite,
    "gradient not finite": _gradient_not_finite,
    "wrong value": _wrong_value,
    "wrong gradient": _wrong_gradient,
    "single precision": _single_precision,
    "values disagree": _values_disagree,
    "gradients disagree": _gradients_disagree,
    "kink": _kink,
}

_LONGEST = 160  # of an error's text

_BY_VALUE = "; a compiler knows no values: instead of `if`, float() or .item() take where"
_FOREIGN = "; take functions from softset.array_namespace, not from numpy"
# What a part of an error means.
_HINTS = {
    "TracerBoolConversion": _BY_VALUE,
    "ConcretizationType": _BY_VALUE,
    "Data-dependent branching": _BY_VALUE,
    "symbolic `tf.Tensor` as a Python": _BY_VALUE,
    "SymbolicTensor": _BY_VALUE,
    "TracerArrayConversion": _FOREIGN,
    "in-place": "; compute a new array instead of changing one",
    "value should be float": "; cast with xp.astype(x, y_prob.dtype)",
}


def _hint(text: str) -> str:
    return next((hint for part, hint in _HINTS.items() if part in text), "")


def _kind(text: str) -> str:
    """Return an error without what depends on the dtype."""
    return text.replace("float32", "float64")


def _more(x: Blame, batch: Batch) -> str:
    return f" (so at {x.count} of {np.size(batch.scores)} scores)" if x.count > 1 else ""


def _not_finite(x: float) -> str:
    return "NaN" if np.isnan(x) else "infinite"


def _who(wrong: Collection[Run], runs: Collection[Run]) -> str:
    """Return runs in words: backends, with the modes and the dtype if these are not all."""
    dtypes = {run[2] for run in wrong}
    where = "" if dtypes == {run[2] for run in runs} else f" in {_and(sorted(dtypes))}"
    pairs = dict.fromkeys(run[:2] for run in wrong)
    every = dict.fromkeys(run[:2] for run in runs)
    if pairs.keys() == every.keys() and len({name for name, _ in every}) > 1:
        return f"every backend{where}"
    names = []
    for name in dict.fromkeys(name for name, _ in pairs):
        modes = [mode for backend, mode in pairs if backend == name]
        all_modes = [mode for backend, mode in every if backend == name]
        names.append(name if modes == all_modes else f"{name} ({', '.join(modes)})")
    return _and(names) + where


def _and(names: Sequence[str]) -> str:
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1] if names else "")))
