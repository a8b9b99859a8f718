"""Data that need no file: sets that come with scikit-learn, and OpenML's."""

from __future__ import annotations

from typing import Any

import pandas as pd
from sklearn.datasets import fetch_openml, load_breast_cancer, load_digits

DATASETS = ("digits-8", "breast-cancer")


def built_in(name: str) -> tuple[pd.DataFrame, str]:
    """Return a data set of scikit-learn's, and its target: 8 of ten digits, or malignant."""
    if name not in DATASETS:
        raise ValueError(f"`--dataset` must be one of {', '.join(DATASETS)}, got {name!r}")
    found: Any = (load_digits if name == "digits-8" else load_breast_cancer)(as_frame=True)
    wanted = 8 if name == "digits-8" else 0
    return found.data.assign(target=(found.target == wanted).astype(int)), "target"


def openml(name: str, target: str | None = None, *, cache: str | None = None) -> tuple[Any, str]:
    """Return the newest active version of a data set of OpenML, and its target.

    Parameters
    ----------
    name : str
        What OpenML calls it.
    target : str, optional
        Its own by default.
    cache : str, optional
        Where scikit-learn keeps what it has downloaded.

    Raises
    ------
    ValueError
        If there is no such set, it cannot be fetched, or it has no target of its own.
    """
    try:
        found: Any = fetch_openml(name=name, as_frame=True, parser="auto", data_home=cache)
    except (ValueError, OSError) as error:
        said = str(error).splitlines()[0]
        raise ValueError(
            f"`--openml` must name a data set of OpenML, got {name!r}: {said}"
        ) from error
    own = found.target_names or []
    if target is None and len(own) != 1:
        raise ValueError(f"`--target` must be given for {name!r}, which has {own} by itself")
    return found.frame, target or own[0]
