"""What softset aims at, and whether a run met it."""

from __future__ import annotations

from typing import Any, NamedTuple

from .results import Record, find, ratio_by_hand, ratio_to
from .work import GRADIENT, MASKS

COMPILED = {
    "torch": ("torch compile: MetricLoss", "torch compile: value_and_grad"),
    "jax": ("jax jit: plain kernel", "jax jit: value_and_grad"),
    "tensorflow": ("tensorflow xla: plain kernel", "tensorflow xla: value_and_grad"),
}
FUNCTIONS = ("tensorflow function: plain kernel", "tensorflow function: value_and_grad")
TITLES = {"numpy": "NumPy", "torch": "PyTorch", "jax": "JAX", "tensorflow": "TensorFlow"}
MILLION, TEN_MILLION, HUNDRED_MILLION = 10**6, 10**7, 10**8


class Verdict(NamedTuple):
    """One row of the table; `met` is None where nothing was measured."""

    asked: str
    measured: str
    met: bool | None


def verdicts(results: Record) -> list[Verdict]:
    """Return all rows; after a part of the work, those that it has measured."""
    rows = [
        *_eager(results),
        *_compiled(results),
        *_numpy(results),
        *_small(results),
        *_copy_bound(results),
        *_btg(results),
        *_other_work(results),
        *_large(results),
    ]
    return [x for x in rows if x.met is not None or results["settings"]["complete"]]


def at_least(asked: str, measured: float | None, bound: float, unit: str = "times") -> Verdict:
    """Judge the number that is shown, so that a reader comes to the same verdict."""
    if measured is None:
        return Verdict(asked, "not measured", None)
    shown = float(f"{measured:.3g}")
    return Verdict(asked, f"{shown:g} {unit}", shown >= bound)


def at_most(asked: str, measured: float | None, bound: float, unit: str = "times") -> Verdict:
    """Judge as `at_least` does."""
    verdict = at_least(asked, measured, bound, unit)
    if measured is None:
        return verdict
    return verdict._replace(met=float(f"{measured:.3g}") <= bound)


def _speedup(results: Record, label: str, n: int) -> float | None:
    return ratio_by_hand(find(results, label, question="sizes", task=GRADIENT, n=n))


def _inverse(x: float | None) -> float | None:
    return 1 / x if x else None


def _eager(results: Record) -> list[Verdict]:
    label = "torch eager: MetricLoss"
    rows = [
        at_least(
            f"PyTorch `MetricLoss`, eager, {n:,} scores: {bound} times faster than by hand",
            _speedup(results, label, n),
            bound,
        )
        for n, bound in ((MILLION, 3), (TEN_MILLION, 5))
    ]
    time = _inverse(_speedup(results, label, 1024))
    asked = "PyTorch `MetricLoss`, eager, 1,024 scores: at most 0.8 times the time by hand"
    return [*rows, at_most(asked, time, 0.8)]


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
        asked = f"the same, {n:,} scores: at most the time of `jax.jit` by hand"
        rows.append(at_most(asked, time, 1))
    for title, labels in (
        ("JAX under `jax.jit`", COMPILED["jax"]),
        ("TensorFlow in `tf.function`", FUNCTIONS),
        ("TensorFlow with XLA", COMPILED["tensorflow"]),
    ):
        for n in (MILLION, TEN_MILLION):
            found = [x for label in labels if (x := _speedup(results, label, n))]
            asked = f"{title}, {n:,} scores: at most the time by hand, compiled as well"
            rows.append(at_most(asked, _inverse(max(found, default=None)), 1))
    return rows


def _numpy(results: Record) -> list[Verdict]:
    label = "numpy eager: value_and_grad"
    rows = [
        at_most(
            f"NumPy `value_and_grad`, {n:,} scores: at most the time of the value alone by hand",
            _inverse(_speedup(results, label, n)),
            1,
        )
        for n in (MILLION, TEN_MILLION)
    ]
    found = find(results, label, question="large", n=HUNDRED_MILLION) or {}
    peak = found.get("peak_bytes")
    extra = None if peak is None else max(peak - 4 * HUNDRED_MILLION, 0) / 1e6
    asked = "NumPy `value_and_grad`, 100,000,000 scores: at most 64 MB beside inputs and gradient"
    return [*rows, at_most(asked, extra, 64, "MB")]


def _small(results: Record) -> list[Verdict]:
    rows = []
    for framework, title in TITLES.items():
        task = "forward" if framework == "numpy" else GRADIENT
        label = f"{framework} eager: plain kernel"
        found = find(results, label, question="sizes", task=task, n=1024)
        asked = f"{title}, plain kernel, eager, 1,024 scores: at most 1.3 times the time by hand"
        rows.append(at_most(asked, _inverse(ratio_by_hand(found)), 1.3))
    return rows


def _copy_bound(results: Record) -> list[Verdict]:
    rows = []
    for framework, labels in COMPILED.items():
        for n in (MILLION, TEN_MILLION):
            found = [
                x
                for label in labels
                if (x := ratio_to(find(results, label, question="across", n=n), "copy bound"))
            ]
            asked = f"{TITLES[framework]}, best path, {n:,} scores: at most 3 times the copy bound"
            rows.append(at_most(asked, _inverse(max(found, default=None)), 3))
    return rows


def _btg(results: Record) -> list[Verdict]:
    fields: dict[str, Any] = {"question": "thresholds", "process": "torch", "thresholds": 9}
    ours = find(results, "torch eager: MetricLoss", **fields)
    theirs = find(results, "torch eager: torch-btg", **fields)
    faster = ratio_to(ours, "torch eager: torch-btg")
    less = None
    if ours and theirs and ours.get("peak_bytes") and theirs.get("peak_bytes"):
        less = theirs["peak_bytes"] / ours["peak_bytes"]
    what = "9 thresholds, 100,000 scores, PyTorch `MetricLoss`, eager"
    return [
        at_least(f"{what}: 30 times faster than torch-btg", faster, 30),
        at_least(f"{what}: 10 times less peak memory than torch-btg", less, 10),
    ]


def _other_work(results: Record) -> list[Verdict]:
    rows = []
    for label, title in (
        ("torch eager: MetricLoss", "PyTorch `MetricLoss`, eager"),
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


def _large(results: Record) -> list[Verdict]:
    rows = []
    for label, title in (
        ("numpy eager: value_and_grad", "NumPy `value_and_grad`"),
        ("torch eager: MetricLoss", "PyTorch `MetricLoss`, eager"),
        ("torch compile: MetricLoss", "PyTorch `MetricLoss`, compiled"),
    ):
        small = find(results, label, question="large", n=MILLION)
        large = find(results, label, question="large", n=HUNDRED_MILLION)
        growth = large["seconds"] / small["seconds"] / 100 if small and large else None
        asked = f"{title}: a score of 100,000,000 costs at most 1.5 times one of 1,000,000"
        rows.append(at_most(asked, growth, 1.5))
    return rows
