"""Whose arrays they are is asked at the doors, and frameworks are named in one place."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import softset

ROOT = Path(softset.__file__).parent
# Who asks: the public functions, a step that is called by itself, the metrics' four counts, and
# what functions of users' return.
DOORS = {
    "_area_warnings.py": {"_place", "warn_of_area"},
    "_counting/arguments.py": {"arrive", "arrive_scores"},
    "_counting/closed_form.py": {"_in_two_passes", "arrived"},
    "across/groups_left.py": {"_members", "values_left"},
    "averages/means.py": {"mean_by", "mean_of_defined"},
    "averages/of_few.py": {"mean_and_slopes"},
    "averages/over_classes.py": {"__call__"},
    "constraints/training.py": {"_factors", "raise_multipliers"},
    "counts.py": {"confusion"},
    "labels.py": {"class_labels", "one_hot"},
    "compound.py": {"weights_of"},
    "entropy/loss.py": {"_library", "arguments", "cost_and_slopes", "counts"},
    "gradients.py": {"_by_directions", "_slopes_at", "of_counts"},
    "schedules.py": {"linear_schedule"},
    "scores.py": {"_values_of", "arguments", "mean", "weight"},
    "memory.py": {"empty_memory", "remember"},
    "metrics/guarded.py": {"counts"},
    "metrics/margins.py": {"margins"},
    "metrics/users.py": {"values_of"},
    "powers.py": {"__call__"},
    "ranking/surrogates.py": {"__call__"},
    "steps/door.py": {"arrived"},
    "steps/members.py": {"members"},
    "tables.py": {"confusion_table"},
    "thresholds/cuts.py": {"cut"},
    "thresholds/expected.py": {"_compare", "expected_labels"},
    "weights.py": {"_class_numbers", "pos_weight", "sample_weight"},
}
FRAMEWORKS = {"array_api_compat", "dask", "jax", "keras", "numpy", "tensorflow", "torch"}


def modules() -> Iterator[tuple[str, ast.Module]]:
    """Yield the kernel's files below the ground, by their path, and what they say."""
    for file in sorted(ROOT.rglob("*.py")):
        yield file.relative_to(ROOT).as_posix(), ast.parse(file.read_text())


def below_the_ground() -> Iterator[tuple[str, ast.Module]]:
    yield from ((path, tree) for path, tree in modules() if not path.startswith("_arrays/"))


def test_the_doors_are_these() -> None:
    found: dict[str, set[str]] = {}
    for path, tree in below_the_ground():
        for function in ast.walk(tree):
            if not isinstance(function, ast.FunctionDef):
                continue
            for call in ast.walk(function):
                if isinstance(call, ast.Call) and _name(call.func) in ("library", "arrive"):
                    found.setdefault(path, set()).add(function.name)
    assert found == DOORS


def test_nothing_else_asks_whose_an_array_is() -> None:
    asking = re.compile(r"^(is|has)_(torch|numpy|jax|tensorflow|dask|cupy)$")
    for path, tree in modules():
        for node in ast.walk(tree):
            name = node.name if isinstance(node, ast.FunctionDef) else _name(node)
            assert not asking.match(name), f"{path}: {name}"


def test_loaded_modules_are_looked_at_on_the_ground_only() -> None:
    for path, tree in below_the_ground():
        for node in ast.walk(tree):
            named = isinstance(node, ast.Attribute) and node.attr == "modules"
            assert not named, f"{path} looks at sys.modules"


def test_a_framework_is_imported_by_the_file_of_its_name_alone() -> None:
    for path, tree in modules():
        for node in ast.walk(tree):
            names = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and not node.level:
                names = [node.module or ""]
            for name in {name.partition(".")[0] for name in names} & FRAMEWORKS:
                # JAX's and TensorFlow's arrays lie in memory as NumPy's.
                own = Path(path).with_suffix("").parts[1:2] if path.startswith("_arrays/") else ()
                allowed = {*own, "array_api_compat"} | ({"numpy"} if own else set())
                assert own and name in allowed, f"{path} imports {name}"


def test_helpers_below_a_door_take_the_library_first() -> None:
    """None takes a bare namespace."""
    for path, tree in below_the_ground():
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef):
                arguments = [x.arg for x in (*node.args.posonlyargs, *node.args.args)]
                assert "xp" not in arguments, f"{path}: {node.name}"
                if "lib" in arguments and node.name != "of_counts":
                    assert arguments.index("lib") == (arguments[0] == "self"), (
                        f"{path}: {node.name}"
                    )


def _name(node: ast.AST) -> str:
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""
