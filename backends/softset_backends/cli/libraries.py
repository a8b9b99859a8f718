"""The libraries besides the backends that parts of softset use where they are installed."""

from __future__ import annotations

from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from typing import NamedTuple


class Library(NamedTuple):
    """What pip calls it, its extra of softset, what it is for, and the name that is imported."""

    package: str
    extra: str
    use: str
    module: str = ""

    @property
    def version(self) -> str | None:
        """What is installed, None for nothing."""
        module = self.module or self.package
        if find_spec(module) is None:
            return None
        # Of several packages with one module, such as xgboost and xgboost-cpu, one is installed.
        for package in (self.package, f"{self.package}-cpu"):
            with suppress(PackageNotFoundError):
                return version(package)
        return "unknown"


LIBRARIES = (
    Library("keras", "keras", "losses and metrics of Keras models"),
    Library("optax", "jax", "training with JAX in the demo"),
    Library("mlx", "mlx", "arrays of MLX"),
    Library("dask", "dask", "arrays larger than memory"),
    Library("distributed", "dask", "Dask on several processes"),
    Library("scikit-learn", "cli", "scorers, ThresholdClassifier, the demo", "sklearn"),
    Library("lightgbm", "boosting", "objectives for LightGBM"),
    Library("xgboost", "boosting", "objectives for XGBoost"),
    Library("lightning", "lightning", "training with Lightning"),
    Library("torchmetrics", "lightning", "MetricScore among its metrics"),
    Library("transformers", "transformers", "losses in Hugging Face's Trainer"),
    Library("accelerate", "transformers", "what that Trainer runs on"),
    Library("imbalanced-learn", "compare", "resampling in comparisons", "imblearn"),
    Library("jinja2", "compare", "reports of comparisons"),
    Library("matplotlib", "plot", "plots"),
    Library("pandas", "cli", "files of predictions, tables as DataFrames"),
    Library("pyarrow", "parquet", "Parquet files"),
    Library("narwhals", "frames", "counts in data frames"),
    Library("typer", "cli", "the command line"),
    Library("rich", "cli", "its tables"),
)
