"""``python -m benchmarks.speed``: time, measure memory, and write JSON, tables and pictures."""

from __future__ import annotations

import subprocess
import sys
from enum import Enum
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from . import machine, plots, report, run
from .candidates import PEER
from .results import committed, load, save
from .rivals import behind
from .targets import verdicts
from .work import Work, plan

RESULTS, SCRATCH = run.ROOT / "benchmarks" / "results", run.ROOT / "build" / "speed"
GPU_SECONDS = 540.0  # all that is done on a GPU
# Whether a framework sees a GPU, and what it needs to.
SEEN = {
    "torch": (
        "import torch; print(torch.cuda.is_available())",
        "install a CUDA build of PyTorch",
    ),
    "jax": (
        "import jax; print(jax.default_backend() == 'gpu')",
        "install jax[cuda13] or jax[cuda12]",
    ),
    "tensorflow": (
        "import tensorflow as tf; print(bool(tf.config.list_physical_devices('GPU')))",
        "install tensorflow[and-cuda] instead of tensorflow-cpu",
    ),
}
console = Console()


class Device(str, Enum):
    """Where arrays are."""

    cpu = "cpu"
    cuda = "cuda"


def main(
    quick: Annotated[
        bool, typer.Option("--quick", help="A part of the work, in a few minutes.")
    ] = False,
    only: Annotated[
        str, typer.Option(help="Only work whose name has this in it; * stands for anything.")
    ] = "*",
    device: Annotated[Device, typer.Option(help="cuda: a GPU, in under ten minutes.")] = Device.cpu,
    output: Annotated[
        Path | None,
        typer.Option(
            help="Folder to write to: benchmarks/results for all work, build/speed for a part.",
            show_default=False,
        ),
    ] = None,
    tables: Annotated[
        bool,
        typer.Option(
            "--tables", help="Time nothing: write tables and pictures of the JSON there is."
        ),
    ] = False,
) -> None:
    """Time softset beside code written by hand and beside its peers."""
    folder = output or (SCRATCH if quick or only != "*" else RESULTS)
    folder.mkdir(parents=True, exist_ok=True)
    stem = "speed" if device is Device.cpu else f"speed-{device.value}"
    path = folder / f"{stem}.json"
    if not tables:
        works = plan(quick=quick, device=device.value, only=only)
        if not works:
            raise typer.BadParameter(f"no work has {only!r} in its name", param_hint="--only")
        missing = _missing() if device is Device.cuda else {}
        works = [work for work in works if work.process not in missing]
        settings = {"device": device.value, "quick": quick, "missing": missing}
        settings["complete"] = not quick and only == "*"
        measured = _measure(works, settings)
        if device is Device.cpu:
            settings["behind"] = behind(measured, committed())
        save(measured, path)
    elif not path.exists():
        raise typer.BadParameter(f"{path} is not there", param_hint="--tables")
    results = load(path)
    pictures = plots.draw(results, folder, stem)
    shown = "".join(f"\n![{x.stem}]({x.name})\n" for x in pictures)
    text = report.write(results)
    (folder / f"{stem}.md").write_text(text + shown)
    if device is Device.cuda:
        print(text)
    failed = _tell(results, folder / f"{stem}.md")
    raise typer.Exit(int(failed and not tables))


def _missing() -> dict[str, str]:
    """Return the frameworks that see no GPU, and what to do about it."""
    found = {}
    for framework, (code, repair) in SEEN.items():
        asked = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
        if not asked.stdout.strip().endswith("True"):
            found[framework] = f"sees no NVIDIA GPU here; {repair}"
            console.print(f"{framework} {found[framework]}", style="red", markup=False)
    if len(found) == len(SEEN):
        console.print("No GPU: nothing is measured. Leave --device out for the CPU.", style="red")
    return found


def _measure(works: list[Work], settings: dict[str, Any]) -> dict[str, Any]:
    device, quick = settings["device"], settings["quick"]
    columns = (BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    groups: list[dict[str, Any]] = []
    threads: dict[str, int] = {}
    with Progress(*columns, TextColumn("{task.description}"), console=console) as progress:
        task = progress.add_task(works[0].name if works else "nothing", total=len(works))
        seconds = float("inf") if device == "cpu" else GPU_SECONDS
        for i, answer in enumerate(run.times(works, quick=quick, seconds=seconds), 1):
            threads |= answer.pop("threads", {})
            groups.append(answer)
            following = works[i].name if i < len(works) else "done"
            progress.update(task, advance=1, description=following)
        probes = [] if quick else run.probes(groups, device)
        if probes:
            task = progress.add_task("peak memory", total=len(probes))
        for probe, found in run.peaks(probes):
            run.add_peaks(groups, probe, found)
            progress.update(task, advance=1, description=f"peak memory, {probe[0]}")
    settings["threads"] = threads
    return {
        "machine": machine.describe(device),
        "settings": settings,
        "groups": groups,
    }


def _tell(results: dict[str, Any], path: Path) -> bool:
    """Print the verdicts and what failed; tell whether the run did: by anything but a peer."""
    if results["settings"]["device"] == "cpu":
        table = Table("asked", "measured", "met")
        colours = {True: "[green]yes[/green]", False: "[red]no[/red]", None: ""}
        for verdict in verdicts(results):
            table.add_row(verdict.asked, verdict.measured, colours[verdict.met])
        console.print(table)
    failures = [("behind", f"behind: {x}") for x in results["settings"].get("behind", ())]
    for group in results["groups"]:
        for x in group["failures"]:
            text = f"{group['work']['question']}, {x['label']}: {x['reason']}"
            failures.append((x["kind"], f"failed: {text}"))
    for _, text in failures:
        console.print(text, style="red", markup=False)
    console.print(f"Written: {path}", markup=False)
    nothing = not results["groups"]
    return nothing or any(kind != PEER for kind, _ in failures)


if __name__ == "__main__":
    typer.run(main)
