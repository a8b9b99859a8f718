"""The tables, written from the JSON of a run."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from .results import Record, ratio_by_hand, select
from .targets import TITLES, verdicts
from .work import FORWARD, GRADIENT

# Bytes a float32 score: a copy reads and writes it; a gradient takes reading label and score.
COPIED, MOVED = 8, 12
PEERS = {
    "torch-btg": (
        "Mean F-beta over 9 thresholds, whatever thresholds it is given. Scores below a threshold "
        "are counted at 1 - threshold, so that it is another function than the others' but at "
        "0.5; its value is not compared. With one threshold its F1 is called with its "
        "approximation. It sends sums to a GPU; `Tensor.cuda` is made to do nothing here."
    ),
    "segmentation-models-pytorch": (
        "Soft Dice, binary, of probabilities, with a mask for images without positives. Only its "
        "losses are imported, since the library needs torchvision and timm."
    ),
    "monai": "Soft Dice with `batch=True`, one number for all masks; it adds 1e-5 to both parts.",
    "keras": "`keras.losses.Dice`, on TensorFlow: soft Dice over all values.",
    "optax": (
        "`dice_loss` with `smooth=0`, of logits: with `apply_softmax=False` it looks at values, "
        "which `jax.jit` does not have."
    ),
    "scikit-learn": "`f1_score` of scores cut at 0.5, which is timed too, and `roc_auc_score`.",
    "torchmetrics": "`binary_f1_score` and `binary_auroc`, exact, as functions.",
}
EVALUATION = "Evaluation; in brackets: times faster than scikit-learn or torchmetrics"
INTRODUCTION = """\
# How fast

Soft F1 with `Linear` unless a table says otherwise, float32 scores and labels, 30 % of them \
positive. "By hand" is the same loss in the framework's own operations, with the threshold's \
numbers written in, and the framework's autodiff. The number in brackets is how many times faster \
than by hand in the same framework and mode: candidates take turns on the same data, and it is the \
median of the ratios of neighbouring calls. Compiling is not timed; compiled functions are for \
one shape. Every call waits for its result. Softset's checks of values are on, unless a row says \
that they are off. Values and gradients were compared before anything was timed. Each process \
first frees an array of almost 32 MB, after which glibc keeps memory between calls, as in one \
that has trained for a while.

- "plain kernel": `ss.as_loss(ss.f1)` and the framework's autodiff
- "MetricLoss": `softset_backends.torch.MetricLoss(ss.f1)`, then `.backward()`
- "value_and_grad": `ss.value_and_grad(ss.as_loss(ss.f1))`, which needs no autodiff
- "closed form by hand": value and gradient of this one loss written out, as a reference
- "softset", under evaluation: `ss.as_score(ss.f1)`, and `ss.auroc(ss.sweep(...).confusion)`

Soft Dice is F1 with `step=ss.Identity()`. NumPy has no autodiff: its gradients are compared with \
the time of the value alone, by hand.
"""


def write(results: Record) -> str:
    """Return the whole report."""
    parts = [INTRODUCTION, _machine(results), _verdicts(results), _failures(results)]
    for framework in TITLES:
        for task in (GRADIENT, FORWARD):
            found = select(results, question="sizes", process=framework, task=task)
            parts.append(_table(f"{TITLES[framework]}, {task}, by scores", found, _n, timed))
    for framework in TITLES:
        found = select(results, question="thresholds", process=framework)
        title = f"{TITLES[framework]}, mean F1 over thresholds, 100,000 scores, {GRADIENT}"
        parts.append(_table(title, found, lambda work: f"{work['thresholds']:,}", timed))
    other = {"classes", "masks", "MCC", "bfloat16"}
    for framework in TITLES:
        found = select(results, question=other, process=framework)
        title = f"{TITLES[framework]}, classes, masks, MCC and bfloat16, {GRADIENT}"
        parts.append(_table(title, found, _other, timed))
    for framework in TITLES:
        found = select(results, question="Dice", process=framework)
        parts.append(_table(f"{TITLES[framework]}, soft Dice, {GRADIENT}", found, _shape, timed))
    parts += [
        _table(EVALUATION, select(results, question="evaluation"), _metric_and_n, timed_peer),
        _table("Cost of a score, ns", select(results, question="large"), _n, _per_score),
        _roofline(results),
        _memory(results),
        _peers(results),
        _how_to(results),
    ]
    return "\n".join(part for part in parts if part)


def time(seconds: float) -> str:
    """Return a time with three digits and a unit."""
    for unit, scale in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)):
        if seconds >= scale:
            return f"{_digits(seconds / scale)} {unit}"
    return f"{_digits(seconds / 1e-9)} ns"


def timed(work: Record, candidate: Record) -> str:
    """Return a time, and how many times faster than by hand it is."""
    ratio = ratio_by_hand(candidate)
    return time(candidate["seconds"]) + (f" ({_digits(ratio)})" if ratio else "")


def timed_peer(work: Record, candidate: Record) -> str:
    """Return a time, and how many times faster than the peer on the same arrays it is."""
    peers = {"numpy": "numpy eager: scikit-learn", "torch": "torch eager: torchmetrics"}
    ratio = candidate["faster_than"].get(peers[candidate["framework"]])
    return time(candidate["seconds"]) + (f" ({_digits(ratio)})" if ratio else "")


def _digits(x: float) -> str:
    return f"{x:.0f}" if x >= 99.5 else f"{x:.1f}" if x >= 9.95 else f"{x:.2f}"


Cell = Callable[[Record, Record], str | None]


def _table(
    title: str,
    found: Iterable[tuple[Record, Record]],
    column: Callable[[Record], str],
    cell: Cell,
) -> str:
    """Return a table with a row for each label and a column for each kind of work."""
    rows: dict[str, dict[str, str]] = {}
    columns: dict[str, None] = {}
    for work, candidate in found:
        text = cell(work, candidate)
        if text is not None:
            columns[column(work)] = None
            rows.setdefault(candidate["label"], {})[column(work)] = text
    if not rows:
        return ""
    body = [[label, *(cells.get(c, "") for c in columns)] for label, cells in rows.items()]
    return f"## {title}\n\n" + _grid(["", *columns], body)


def _grid(header: list[str], rows: list[list[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _n(work: Record) -> str:
    return f"{work['n']:,}"


def _shape(work: Record) -> str:
    return " x ".join(map(str, work["shape"]))


def _metric_and_n(work: Record) -> str:
    return f"{work['metric']}, {work['n']:,}"


def _other(work: Record) -> str:
    if work["question"] == "classes":
        rows, classes = work["shape"]
        return f"macro F1, {rows:,} x {classes}"
    return {"masks": f"F1, {_shape(work)}"}.get(work["question"], f"{work['question']}, {_n(work)}")


def _per_score(work: Record, candidate: Record) -> str:
    return f"{1e9 * candidate['seconds'] / work['n']:.3g}"


def _machine(results: Record) -> str:
    machine = results["machine"]
    packages = ", ".join(f"{name} {version}" for name, version in machine["packages"].items())
    threads = ", ".join(f"{k} {v}" for k, v in results["settings"]["threads"].items())
    gpu = f", {machine['gpu']}" if "gpu" in machine else ""
    return (
        f"{machine['date']}; {machine['cpu']}, {machine['cores']} cores, "
        f"{machine['memory_gb']} GB{gpu}; {machine['system']}; Python {machine['python']}; "
        f"{packages}. Threads: {threads}.\n"
    )


def _verdicts(results: Record) -> str:
    if results["settings"]["device"] != "cpu":
        return ""
    words = {True: "yes", False: "**no**", None: ""}
    rows = [[x.asked, x.measured, words[x.met]] for x in verdicts(results)]
    title = "What was asked, and what was measured"
    return f"## {title}\n\n{_grid(['asked', 'measured', 'met'], rows)}" if rows else ""


def _failures(results: Record) -> str:
    lines = [f"- {text}\n" for text in [*results["disagreements"], *results["settings"]["notes"]]]
    for group in results["groups"]:
        for failure in group["failures"]:
            work = group["work"]
            shape = "x".join(map(str, work["shape"]))
            reason = failure["reason"].strip().splitlines()[-1]
            lines.append(f"- {failure['label']}, {work['question']}, {shape}: {reason}\n")
    return "## What did not run\n\n" + "".join(lines) if lines else ""


def _roofline(results: Record) -> str:
    """Return the best of each framework against a copy, and the copy's speed."""
    speeds = []
    for work, candidate in select(results, question="across"):
        if candidate["kind"] == "copy":
            speed = COPIED * work["n"] / candidate["seconds"] / 1e9
            speeds.append([candidate["name"], _n(work), f"{speed:.1f}"])

    def cell(work: Record, candidate: Record) -> str:
        bound = candidate["faster_than"].get("copy bound")
        text = time(candidate["seconds"])
        if candidate["kind"] == "copy" or not bound:
            return text
        speed = MOVED * work["n"] / candidate["seconds"] / 1e9
        return f"{text} ({_digits(1 / bound)}; {speed:.1f} GB/s)"

    table = _table("Against a copy", select(results, question="across"), _n, cell)
    if not table:
        return ""
    return (
        f"{table}\nIn brackets: the time over the bound that copies set, and 12 bytes a score over "
        "the time. The bound is a copy of the scores into new memory and half a copy into memory "
        "that is there: two arrays are read and one is written, and the pages of a new array have "
        "their price whoever asks for it. Copies are PyTorch's, with all threads; their speed, "
        f"bytes read and written:\n\n{_grid(['copy', 'scores', 'GB/s'], speeds)}"
    )


def _memory(results: Record) -> str:
    def cell(work: Record, candidate: Record) -> str | None:
        peak = candidate.get("peak_bytes")
        return None if peak is None else f"{peak / 1e6:,.1f} MB ({peak / work['n']:.1f})"

    def column(work: Record) -> str:
        grid = f", {work['thresholds']:,} thresholds" if work["thresholds"] else ""
        return f"{work['metric'].split()[0]}, {work['n']:,}{grid}"

    found = select(results, task=GRADIENT, question={"sizes", "thresholds", "Dice", "large"})
    table = _table("Peak memory", found, column, cell)
    if not table:
        return ""
    return (
        f"{table}\nBy how much memory grows during a call, inputs and what frameworks hold before "
        "it not counted; in brackets the bytes for each score. A float32 gradient takes 4. Figures "
        "are of fresh processes, and of a second call. TensorFlow keeps what a call has taken: it "
        "is called for 1,024 scores first, and what it compiles in the call, some 20 MB with XLA, "
        "is counted.\n"
    )


def _peers(results: Record) -> str:
    versions = results["machine"]["packages"]
    rows = [
        [f"{name} {versions[name]}" if name in versions else f"{name}, not installed", text]
        for name, text in PEERS.items()
    ]
    return "## Peers, and what differs\n\n" + _grid(["peer", "what it computes"], rows)


def _how_to(results: Record) -> str:
    device = results["settings"]["device"]
    command = "make bench" if device == "cpu" else f"python -m benchmarks.speed --device {device}"
    return (
        f"## Again\n\n`{command}`, from a checkout. `python -m benchmarks.speed --help` tells of "
        "shorter runs. The tables are written from the JSON beside them.\n"
    )
