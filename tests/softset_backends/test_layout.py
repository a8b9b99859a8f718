"""Every framework is a folder with the same file names, so that the list of files says it all."""

from pathlib import Path

import pytest

import softset_backends

# What a framework may have; those that have it name it so.
SHARED = {
    "backend",  # arrays, compilation, gradients and a training loop, the same functions in all
    "loss",  # a metric as a loss object of the framework's
    "score",  # a metric of all batches as one
    "members",  # many models trained at once, for comparisons
    "parts",  # the gradient of a large batch from micro-batches
    "collectives",  # counts summed over processes, devices or replicas
}
FOLDERS = {
    "numpy": {"backend", "differences", "members"},
    "torch": {*SHARED, "decision", "options", "score_base"},
    "jax": {"backend", "collectives", "members", "parts"},
    "tensorflow": {"backend", "collectives", "members", "parts"},
    "keras": {"collectives", "loss", "score", "configs", "inputs"},
    "sklearn": {"calibration", "evaluation", "objective", "responses", "scoring", "thresholds"},
    "plots": {"curves", "groups", "metrics", "steps", "surface", "style"},
    "check": {
        *("gradients", "function", "running", "gaps", "blame", "jumps", "words", "report"),
        *("loss", "draws", "target"),
        *("cases", "case_parts", "processes"),
        "diagnosis",
    },
    "compare": {
        *(
            "runner",
            "plan",
            "data",
            "splits",
            "sources",
            "methods",
            "network",
            "training",
            "boosting",
        ),
        *("cuts", "choice", "records", "question", "statistics", "summary", "recommendation"),
        *("snippets", "words", "tables", "pictures", "report"),
    },
    "demo": {"runner", "data", "fit", "report", "plots"},
    "cli": {
        *("commands", "of_predictions", "output", "libraries"),
        *("predictions", "metric_names", "evaluation", "pictures", "comparison", "tuning"),
    },
    ".": {
        *("bootstrap", "classification", "comparisons", "frames", "group_table", "groups"),
        *("decision", "folders", "in_numpy", "markdown", "metric_names", "optimism", "parts"),
        *("quantiles", "quiet", "registry", "tabular", "vendoring"),
    },
}
ROOT = Path(softset_backends.__file__).parent


def names(folder):
    return {path.stem for path in folder.glob("*.py")} - {"__init__"}


def test_folders_are_those_that_are_written_down():
    found = {str(path.parent.relative_to(ROOT)) for path in ROOT.rglob("*.py")}
    assert found == set(FOLDERS)


@pytest.mark.parametrize("folder", FOLDERS)
def test_files_are_those_that_are_written_down(folder):
    assert names(ROOT / folder) == FOLDERS[folder]


def test_what_only_one_framework_has_is_called_as_nothing_else():
    frameworks = [FOLDERS[name] for name in (*softset_backends.registry.NAMES, "keras")]
    alone = [name for folder in frameworks for name in folder - SHARED]
    assert len(alone) == len(set(alone))
