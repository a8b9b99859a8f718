"""What softset aims at, and whether a run met it."""

from __future__ import annotations

from typing import Any, NamedTuple

from .results import Record, find, ratio_by_hand, ratio_to
from .rivals import RIVALS, Rival, in_words, met, shown
from .work import FORWARD, GRADIENT, MASKS

COMPILED = {
    "torch": ("torch compile: MetricLoss", "torch compile: value_and_grad"),
    "jax": ("jax jit: plain kernel", "jax jit: value_and_grad"),
    "tensorflow": ("tensorflow xla: plain kernel", "tensorflow xla: value_and_grad"),
}
TITLES = {"numpy": "NumPy", "torch": "PyTorch", "jax": "JAX", "tensorflow": "TensorFlow"}
LOSS = "torch eager: MetricLoss"
SMALL, MILLION, TEN_MILLION, HUNDRED_MILLION = 2**10, 10**6, 10**7, 10**8


class Verdict(NamedTuple):
    """One row of the table; `met` is None where nothing was measured."""

    asked: str
    measured: str
    met: bool | None


def verdicts(results: Record) -> list[Verdict]:
    """Return all rows; after a part of the work, those that it has measured."""
    rows = [
        *_small(results),
        *_large(results),
        *_compiled(results),
        *(_against(results, rival) for rival in RIVALS),
        *_other_work(results),
        *_copy_bound(results),
        *_memory(results),
        *_growth(results),
    ]
    return [x for x in rows if x.met is not None or results["settings"]["complete"]]


def at_least(asked: str, measured: float | None, bound: float, unit: str = "times") -> Verdict:
    """Judge the number that is shown, so that a reader comes to the same verdict."""
    if measured is None:
        return Verdict(asked, "not measured", None)
    return Verdict(asked, f"{shown(measured):g} {unit}", shown(measured) >= bound)


def at_most(asked: str, measured: float | None, bound: float, unit: str = "times") -> Verdict:
    """Judge as `at_least` does."""
    verdict = at_least(asked, measured, bound, unit)
    if measured is None:
        return verdict
    return verdict._replace(met=shown(measured) <= bound)


def _speedup(results: Record, label: str, n: int, task: str = GRADIENT, **more: Any) -> Any:
    return ratio_by_hand(find(results, label, question="sizes", task=task, n=n, **more))


def _small(results: Record) -> list[Verdict]:
    hand, alone = "times faster than by hand", "of the speed of the value alone by hand"
    return [
        at_least(
            f"{title}, eager, 1,024 scores: {bound} {unit}",
            _speedup(results, label, SMALL, task),
            bound,
        )
        for title, label, task, bound, unit in (
            ("PyTorch `MetricLoss`", LOSS, GRADIENT, 1.5, hand),
            ("PyTorch `as_loss`", "torch eager: plain kernel", GRADIENT, 0.75, hand),
            ("NumPy `as_loss`, value", "numpy eager: plain kernel", FORWARD, 0.9, hand),
            ("NumPy `value_and_grad`", "numpy eager: value_and_grad", GRADIENT, 0.65, alone),
            ("JAX `as_loss`", "jax eager: plain kernel", GRADIENT, 4, hand),
            ("JAX `value_and_grad`", "jax eager: value_and_grad", GRADIENT, 4, hand),
            ("TensorFlow `as_loss`", "tensorflow eager: plain kernel", GRADIENT, 2.5, hand),
            (
                "TensorFlow `value_and_grad`",
                "tensorflow eager: value_and_grad",
                GRADIENT,
                2.5,
                hand,
            ),
        )
    ]


def _large(results: Record) -> list[Verdict]:
    rows = [
        at_least(
            f"PyTorch `MetricLoss`, eager, {n:,} scores, {words}: {bound} times faster than by "
            "hand",
            _speedup(results, LOSS, n, threads=threads),
            bound,
        )
        for n, threads, words, bound in (
            (MILLION, 1, "one thread", 6),
            (TEN_MILLION, 1, "one thread", 10),
            (MILLION, 0, "all threads", 4),
            (TEN_MILLION, 0, "all threads", 4),
        )
    ]
    asked = "NumPy `value_and_grad`, {:,} scores: at most the time of the value alone by hand"
    label = "numpy eager: value_and_grad"
    for n in (MILLION, TEN_MILLION):
        rows.append(at_most(asked.format(n), _inverse(_speedup(results, label, n)), 1))
    return rows


def _compiled(results: Record) -> list[Verdict]:
    label = "torch compile: MetricLoss"
    rows = [
        at_least(
            f"PyTorch `MetricLoss`, compiled, {n:,} scores: {bound} times faster than by hand, "
            "compiled",
            _speedup(results, label, n),
            bound,
        )
        for n, bound in ((MILLION, 20), (TEN_MILLION, 5))
    ]
    for n in (MILLION, TEN_MILLION):
        found = find(results, label, question="across", n=n)
        time = _inverse(ratio_to(found, "jax jit: by hand"))
        asked = f"PyTorch `MetricLoss`, compiled, {n:,} scores: at most `jax.jit` by hand's time"
        rows.append(at_most(asked, time, 1))
    ratio = ratio_by_hand(find(results, label, question="classes", shape=[10**4, 100]))
    asked = (
        "PyTorch `MetricLoss`, compiled, macro F1 over 100 classes: 15 times faster than by hand"
    )
    rows.append(at_least(asked, ratio, 15))
    closed = "jax jit: closed form by hand"
    for n in (MILLION, TEN_MILLION):
        ratios = [
            ratio_to(find(results, label, question="sizes", task=GRADIENT, n=n), closed)
            for label in COMPILED["jax"]
        ]
        asked = f"JAX under `jax.jit`, best path, {n:,} scores: 0.95 of the closed form's speed"
        rows.append(at_least(asked, _best(ratios), 0.95))
    for mode, title, bound in (("function", "`tf.function`", 2), ("xla", "XLA", 1.8)):
        for n in (MILLION, TEN_MILLION):
            ratios = [
                _speedup(results, f"tensorflow {mode}: {name}", n)
                for name in ("plain kernel", "value_and_grad")
            ]
            asked = f"TensorFlow, {title}, best path, {n:,} scores: {bound} times by hand's speed"
            rows.append(at_least(asked, _best(ratios), bound))
    return rows


def _against(results: Record, rival: Rival) -> Verdict:
    """Judge the work in which a rival came nearest."""
    asked = f"{rival.what}: {rival.times:g} times the speed of {rival.theirs.split(': ')[1]}"
    ratios = sorted(((x, in_words(work)) for work, x in met(results, rival)), key=lambda x: x[0])
    if not ratios:
        return at_least(asked, None, rival.times)
    unit = "times" if len(ratios) == 1 else f"times where it is least ({ratios[0][1]})"
    return at_least(asked, ratios[0][0], rival.times, unit)


def _other_work(results: Record) -> list[Verdict]:
    rows = []
    for label, title in (
        (LOSS, "PyTorch `MetricLoss`, eager"),
        ("torch compile: MetricLoss", "PyTorch `MetricLoss`, compiled"),
        ("numpy eager: value_and_grad", "NumPy `value_and_grad`"),
    ):
        usual = _speedup(results, label, MILLION)
        for what, fields in (
            ("macro F1 over 100 classes", {"question": "classes", "shape": [10**4, 100]}),
            ("16 masks of 512 x 512", {"question": "masks", "shape": list(MASKS)}),
            ("MCC", {"question": "MCC"}),
        ):
            ratio = ratio_by_hand(find(results, label, **fields))
            share = ratio / usual if ratio and usual else None
            asked = f"{title}, {what}: at least 1 / 1.5 of the ratio to by hand for F1"
            rows.append(at_least(asked, share, 0.667, "of it"))
    return rows


def _copy_bound(results: Record) -> list[Verdict]:
    rows = []
    for framework, labels in COMPILED.items():
        for n in (MILLION, TEN_MILLION):
            found = [
                ratio_to(find(results, label, question="across", n=n), "copy bound")
                for label in labels
            ]
            asked = f"{TITLES[framework]}, best path, {n:,} scores: at most 3 times the copy bound"
            rows.append(at_most(asked, _inverse(_best(found)), 3))
    return rows


def _memory(results: Record) -> list[Verdict]:
    rows = []
    for framework in ("torch", "jax", "tensorflow"):
        for question, given in (("sizes", "scores"), ("logits", "logits")):
            if question == "sizes" or framework == "torch":
                fields = {"question": question, "process": framework, "n": TEN_MILLION}
                share = _share(results, f"{framework} eager: ", fields)
                asked = f"{TITLES[framework]} `as_loss`, eager, 10,000,000 {given}"
                rows.append(at_most(f"{asked}: at most by hand's peak memory", share, 1))
    found = find(results, "numpy eager: value_and_grad", question="large", n=HUNDRED_MILLION) or {}
    peak = found.get("peak_bytes")
    extra = None if peak is None else max(peak - 4 * HUNDRED_MILLION, 0) / 1e6
    asked = "NumPy `value_and_grad`, 100,000,000 scores: at most 64 MB beside inputs and gradient"
    rows.append(at_most(asked, extra, 64, "MB"))
    nine: dict[str, Any] = {"question": "thresholds", "process": "torch", "thresholds": 9}
    ours, theirs = (_peak(results, x, nine) for x in (LOSS, "torch eager: torch-btg"))
    asked = "PyTorch `MetricLoss`, eager, 9 thresholds, 100,000 scores: 10 times less peak memory"
    less = theirs / ours if ours and theirs else None
    return [*rows, at_least(f"{asked} than torch-btg", less, 10)]


def _share(results: Record, start: str, fields: dict[str, Any]) -> float | None:
    """Return the peak memory of the plain kernel as a share of by hand's."""
    fields = {**fields, "task": GRADIENT}
    ours, hand = (_peak(results, start + x, fields) for x in ("plain kernel", "by hand"))
    return ours / hand if ours and hand else None


def _peak(results: Record, label: str, fields: dict[str, Any]) -> int | None:
    return (find(results, label, **fields) or {}).get("peak_bytes")


def _growth(results: Record) -> list[Verdict]:
    rows = []
    for label, title in (
        ("numpy eager: value_and_grad", "NumPy `value_and_grad`"),
        (LOSS, "PyTorch `MetricLoss`, eager"),
        ("torch compile: MetricLoss", "PyTorch `MetricLoss`, compiled"),
    ):
        small = find(results, label, question="large", n=MILLION)
        large = find(results, label, question="large", n=HUNDRED_MILLION)
        growth = large["seconds"] / small["seconds"] / 100 if small and large else None
        asked = f"{title}: a score of 100,000,000 costs at most 1.5 times one of 1,000,000"
        rows.append(at_most(asked, growth, 1.5))
    return rows


def _best(ratios: list[float | None]) -> float | None:
    return max((x for x in ratios if x is not None), default=None)


def _inverse(x: float | None) -> float | None:
    return 1 / x if x else None
