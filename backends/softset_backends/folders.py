"""Folders that files are to be written to."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path


def files_in(option: str, folder: Path, names: Sequence[str]) -> list[Path]:
    """Return the paths of files in a folder, once it is sure that they can be written."""
    files = [folder / name for name in names]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for path in files:
            path.open("ab").close()
    except OSError as error:
        raise ValueError(
            f"`{option}` must be a folder that can be written to, got {folder}: {error.strerror}"
        ) from error
    return files
