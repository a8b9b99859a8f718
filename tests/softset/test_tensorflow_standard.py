"""The TensorFlow namespace against the standard, as array-api-strict has it."""

from __future__ import annotations

import inspect
from typing import Any

import pytest

tf: Any = pytest.importorskip("tensorflow", reason="TensorFlow is not installed")
strict: Any = pytest.importorskip("array_api_strict", reason="array-api-strict is not installed")

from softset import _tensorflow as _tnp  # noqa: E402  (after the check for TensorFlow)

tnp: Any = _tnp
FUNCTIONS = sorted(
    name
    for name, found in vars(_tnp).items()
    if inspect.isfunction(found) and not name.startswith("_")
)
DEVIATIONS = {
    "astype": "`device` is None by default, which array-api-strict has a class for",
    "expand_dims": "`axis` has the default 0 that the standard gave it until 2025, in any position",
}
NOT_IN_THE_STANDARD = {"stop_gradient"}


def parameters(function: Any) -> list[tuple[str, Any, Any]]:
    found = inspect.signature(function).parameters.values()
    return [(p.name, p.kind, p.default) for p in found]


def test_signatures_are_the_standards() -> None:
    names = set(FUNCTIONS) - NOT_IN_THE_STANDARD
    with strict.ArrayAPIStrictFlags(api_version=tnp.__array_api_version__):
        wrong = {n for n in names if parameters(getattr(tnp, n)) != parameters(getattr(strict, n))}
    assert wrong == set(DEVIATIONS)
    assert str(inspect.signature(tnp.sum)).replace("'", "").startswith("(x: Any, /, *, axis: Axis")
    assert parameters(tnp.astype)[-1] == ("device", inspect.Parameter.KEYWORD_ONLY, None)
    assert parameters(tnp.expand_dims)[-1] == ("axis", inspect.Parameter.POSITIONAL_OR_KEYWORD, 0)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions_say_what_they_are(name: str) -> None:
    function = getattr(tnp, name)
    assert function.__name__ == name and function.__qualname__ == name
    assert function.__module__.startswith(tnp.__name__)
    assert function.__doc__ and function.__doc__.splitlines()[0].endswith(".")
