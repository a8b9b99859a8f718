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
from .results import load, save
from .targets import verdicts
from .work import Work, plan

RESULTS, SCRATCH = run.ROOT / "benchmarks" / "results", run.ROOT / "build" / "speed"
console = Console()


class Device(str, Enum):
    """Where arrays are."""

    cpu = "cpu"
    cuda = "cuda"


def main(
    quick: Annotated[
        bool, typer.Option("--quick", help="A part of the work, in about a minute.")
    ] = False,
    only: Annotated[
        str, typer.Option(help="Only work whose name has this in it; * stands for anything.")
    ] = "*",
    device: Annotated[Device, typer.Option(help="cuda: PyTorch and JAX on a GPU.")] = Device.cpu,
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
        notes = _notes(device.value)
        works = plan(quick=quick, device=device.value, only=only)
        if notes:
            works = [work for work in works if work.process != "jax"]
        if not works:
            raise typer.BadParameter(f"no work has {only!r} in its name", param_hint="--only")
        settings = {"device": device.value, "quick": quick, "notes": notes}
        settings["complete"] = not quick and only == "*"
        save(_measure(works, settings), path)
    elif not path.exists():
        raise typer.BadParameter(f"{path} is not there", param_hint="--tables")
    results = load(path)
    pictures = plots.draw(results, folder, stem)
    shown = "".join(f"\n![{x.stem}]({x.name})\n" for x in pictures)
    (folder / f"{stem}.md").write_text(report.write(results) + shown)
    failed = _tell(results, folder / f"{stem}.md")
    raise typer.Exit(int(failed and not tables))


def _notes(device: str) -> list[str]:
    """Return what a device leaves out; end here if there is no such device."""
    if device == "cpu":
        return []
    import torch

    if not torch.cuda.is_available():
        console.print(
            f"[red]`--device cuda` needs an NVIDIA GPU and a CUDA build of PyTorch; "
            f"torch {torch.__version__} sees none. Leave the option out to run on the CPU.[/red]"
        )
        raise typer.Exit(2)
    asked = "import jax; print(jax.default_backend())"
    found = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True)
    if found.stdout.strip() == "gpu":
        return []
    return ["JAX sees no GPU here and is left out; install jax[cuda13] or jax[cuda12]"]


def _measure(works: list[Work], settings: dict[str, Any]) -> dict[str, Any]:
    device, quick = settings["device"], settings["quick"]
    columns = (BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    groups: list[dict[str, Any]] = []
    threads: dict[str, int] = {}
    with Progress(*columns, TextColumn("{task.description}"), console=console) as progress:
        task = progress.add_task(works[0].name, total=len(works))
        for i, answer in enumerate(run.times(works, quick=quick), 1):
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
    return {
        "machine": machine.describe(device),
        "settings": {**settings, "threads": threads},
        "disagreements": run.disagreements(groups),
        "groups": groups,
    }


def _tell(results: dict[str, Any], path: Path) -> bool:
    """Print the verdicts and what failed; tell whether anything but a peer did."""
    if results["settings"]["device"] == "cpu":
        table = Table("asked", "measured", "met")
        colours = {True: "[green]yes[/green]", False: "[red]no[/red]", None: ""}
        for verdict in verdicts(results):
            table.add_row(verdict.asked, verdict.measured, colours[verdict.met])
        console.print(table)
    failures = [("disagreement", text) for text in results["disagreements"]]
    for group in results["groups"]:
        for x in group["failures"]:
            text = f"{group['work']['question']}, {x['label']}: {x['reason']}"
            failures.append((x["kind"], text))
    for _, text in failures:
        console.print(f"failed: {text}", style="red", markup=False)
    console.print(f"Written: {path}", markup=False)
    return any(kind != PEER for kind, _ in failures)


if __name__ == "__main__":
    typer.run(main)
