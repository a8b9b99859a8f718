"""The tables, written from the JSON of a run."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from . import gpu
from .results import Record, ratio_by_hand, select
from .targets import TITLES, verdicts
from .words import INTRODUCTION, PEERS
from .work import COUNTS, FORWARD, GRADIENT

EVALUATION = "Evaluation; in brackets: times faster than scikit-learn or torchmetrics"


def write(results: Record) -> str:
    """Return the whole report."""
    parts = [INTRODUCTION, _machine(results), _verdicts(results), _behind(results)]
    parts += [_failures(results), *_on_gpu(results)]
    for framework in TITLES:
        for task in (GRADIENT, FORWARD):
            found = select(results, question="sizes", process=framework, task=task)
            parts.append(_table(f"{TITLES[framework]}, {task}, by scores", found, _n, timed))
    found = select(results, question="sizes", process="torch", threads=1)
    parts.append(_table(f"PyTorch, one thread, {GRADIENT}, by scores", found, _n, timed))
    for framework in TITLES:
        found = select(results, question="thresholds", process=framework)
        title = f"{TITLES[framework]}, mean F1 over thresholds, 100,000 scores, {GRADIENT}"
        parts.append(_table(title, found, lambda work: f"{work['thresholds']:,}", timed))
    other = {"classes", "masks", "MCC", "bfloat16", "logits"}
    for framework in TITLES:
        found = select(results, question=other, process=framework)
        title = f"{TITLES[framework]}, classes, masks, MCC and more, {GRADIENT}"
        parts.append(_table(title, found, _other, timed))
    for framework in TITLES:
        for threads, words in ((0, ""), (1, ", one thread")):
            for question, of in (
                ("Dice", "of all values"),
                ("image Dice", "of each image"),
                ("images", "of each class"),
            ):
                found = select(results, question=question, process=framework, threads=threads)
                title = f"{TITLES[framework]}{words}, soft Dice {of}, {GRADIENT}"
                parts.append(_table(title, found, _given, timed))
    parts += [
        _table(EVALUATION, select(results, question="evaluation"), _metric_and_n, timed_peer),
        _table("Cost of a score, ns", select(results, question="large"), _n, _per_score),
        _table("Four counts", select(results, task=COUNTS), _n, _with_speed),
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
    return _cell(candidate, ratio_by_hand(candidate))


def _cell(candidate: Record, ratio: float | None, *more: str) -> str:
    errors = (candidate.get("value_error"), candidate.get("gradient_error"))
    inner = [", ".join(_small(x) for x in errors if x is not None), *more]
    inside = "; ".join(x for x in (_digits(ratio) if ratio else "", *inner) if x)
    return time(candidate["seconds"]) + (f" ({inside})" if inside else "")


def _small(x: float) -> str:
    """Return a difference with one digit."""
    digits, _, exponent = f"{x:.0e}".partition("e")
    return f"{digits}e{int(exponent)}" if x else "0"


def timed_peer(work: Record, candidate: Record) -> str:
    """Return a time, and how many times faster than the peer on the same arrays it is."""
    peers = {"numpy": "numpy eager: scikit-learn", "torch": "torch eager: torchmetrics"}
    return _cell(candidate, candidate["faster_than"].get(peers[candidate["framework"]]))


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


def _given(work: Record) -> str:
    """Return what soft Dice was given, and its shape."""
    what = "logits" if work["metric"].endswith("of logits") else "probabilities"
    what = {"mask": "with a mask", "weights": "weighted"}.get(work["extra"], what)
    return f"{what}, {_shape(work)}"


def _metric_and_n(work: Record) -> str:
    return f"{work['metric']}, {work['n']:,}"


def _other(work: Record) -> str:
    if work["question"] == "classes":
        rows, classes = work["shape"]
        return f"macro F1, {rows:,} x {classes}"
    if work["question"] == "logits":
        return f"F1, {_n(work)} logits"
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


def _behind(results: Record) -> str:
    lines = results["settings"].get("behind")
    if lines is None:
        return ""
    text = "".join(f"- {x}\n" for x in lines) or "Nothing.\n"
    return (
        "## What fell behind\n\nBehind a peer that it is listed against, or behind three quarters "
        f"of its last committed ratio; any fails the run.\n\n{text}"
    )


def _on_gpu(results: Record) -> list[str]:
    """Return the tables of what was done on a GPU, also of what could not be."""
    if results["settings"]["device"] == "cpu":
        return []
    title = "## On a GPU, fastest way of each framework\n\n"
    table = title + _grid(gpu.header(results), gpu.overview(results, time))
    found = select(results, question="sizes", task=GRADIENT)
    return [table, _table(f"Bandwidth, {GRADIENT}, by scores", found, _n, _with_speed)]


def _with_speed(work: Record, candidate: Record) -> str:
    return _cell(candidate, ratio_by_hand(candidate), gpu.bandwidth(work, candidate))


def _failures(results: Record) -> str:
    lines = []
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
            speed = gpu.COPIED * work["n"] / candidate["seconds"] / 1e9
            speeds.append([candidate["name"], _n(work), f"{speed:.1f}"])

    def cell(work: Record, candidate: Record) -> str:
        bound = candidate["faster_than"].get("copy bound")
        text = time(candidate["seconds"])
        if candidate["kind"] == "copy" or not bound:
            return text
        speed = gpu.MOVED * work["n"] / candidate["seconds"] / 1e9
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
        return f"{work['metric']}, {work['n']:,}{grid}"

    found = select(
        results, task=GRADIENT, question={"sizes", "logits", "thresholds", "Dice", "large"}
    )
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
