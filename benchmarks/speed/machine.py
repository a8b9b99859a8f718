"""What the figures were measured on."""

from __future__ import annotations

import os
import platform
from datetime import datetime, timezone
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

PACKAGES = (
    "softset",
    "numpy",
    "torch",
    "jax",
    "jaxlib",
    "tensorflow",
    "tensorflow-cpu",
    "keras",
    "optax",
    "scikit-learn",
    "torchmetrics",
    "torch-btg",
    "segmentation-models-pytorch",
    "monai",
)


def describe(device: str) -> dict[str, Any]:
    """Return the machine and the versions of all packages that are installed."""
    found = {
        "date": datetime.now(timezone.utc).strftime("%Y-%m-%d %H:%M UTC"),
        "cpu": _line("/proc/cpuinfo", "model name") or platform.processor() or platform.machine(),
        "cores": os.cpu_count(),
        "memory_gb": _memory(),
        "system": _system(),
        "python": platform.python_version(),
        "packages": {name: found for name in PACKAGES if (found := _version(name))},
    }
    if device == "cuda":
        import torch

        if torch.cuda.is_available():
            found["gpu"] = torch.cuda.get_device_name()
    return found


def _system() -> str:
    release = ".".join(platform.release().split(".")[:2])
    return f"{platform.system()} {release}, {platform.machine()}"


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _memory() -> float | None:
    line = _line("/proc/meminfo", "MemTotal")
    return round(int(line.split()[0]) / 2**20, 1) if line else None


def _line(path: str, field: str) -> str | None:
    """Return what follows a field's colon in a file that only Linux has."""
    if not Path(path).exists():
        return None
    lines = (x for x in Path(path).read_text().splitlines() if x.startswith(field))
    return next((x.split(":", 1)[1].strip() for x in lines), None)
