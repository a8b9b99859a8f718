"""One function against every backend's autodiff, dual numbers and central differences."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

import softset as ss
from softset.scores import Score

from .. import registry
from .blame import choices_at_kinks, judge
from .function import require_loss, require_slope
from .gaps import Referees, row_of
from .jumps import Jump, find_jump
from .report import GradientReport, GradientRow
from .running import attempt, attempt_sides, run_on
from .words import Batch, of_jump, sentences, unexplained

DTYPES = ("float64", "float32")


def check_gradients(
    fn: Callable[..., Any],
    *arrays: Any,
    argnum: int = 1,
    backends: Sequence[str] | None = None,
    modes: Sequence[str] | None = None,
    dtypes: Sequence[str] = DTYPES,
    differences: bool = True,
    reference: Callable[..., tuple[Any, Any]] | None = None,
    cases: Sequence[str] = (),
    tolerance: Mapping[str, Mapping[str, float]] | None = None,
    **keyword_arrays: Any,
) -> GradientReport:
    """Compare a function's gradient on every backend, eager and compiled, with three referees.

    The referees are dual numbers (`softset.value_and_grad` on NumPy), the other backends and
    modes, and central differences. Within 1e-5 of 0 or 1 the differences are taken inwards, since
    a probability has no other side; at a kink, where the slopes on the two sides of a score
    differ, every slope between them is right. On the way from each score to the next one the
    function must not jump. `GradientReport.findings` says who is wrong, and where.

    Parameters
    ----------
    fn : callable
        A softset loss or any function of the arrays to one number, or to a 1-D array of them,
        written against the array API with `softset.array_namespace`.
    *arrays : NumPy arrays
        What to call it with. Those of a floating dtype are rounded to float32 and given in
        each of `dtypes`, so that all of them see the same numbers; others are handed on as
        they are.
    argnum : int, default 1
        The array to differentiate by, a floating one. 1 is `y_prob`.
    backends : sequence of str, optional
        Names as in `available`, which is the default.
    modes : sequence of str, optional
        Which of the backends' modes to run, such as "eager" or "jit"; all by default.
    dtypes : sequence of str, default ("float64", "float32")
        The dtypes to run in.
    differences : bool, default True
        Whether central differences are a referee. Switch them off for a function that has
        steps, such as a loss with `Hard` or `StraightThrough`.
    reference : callable, optional
        A function of the same arrays to ``(value, gradient)`` that takes the place of dual
        numbers, such as a closed form.
    cases : sequence of str, optional
        A name for each of the function's values, for messages, or one for all of them.
    tolerance : mapping, optional
        The largest relative disagreement allowed by dtype and referee, such as `TOLERANCES`.
    **keyword_arrays : NumPy arrays
        Handed on by keyword, such as `sample_weight` and `where`.

    Returns
    -------
    GradientReport
        With one row for each backend, mode and dtype. The disagreement of a gradient is
        relative to its largest slope, or to |value| / n for n scores if that is larger; that
        of a value is relative to its size. A size below 1 counts as 1. NaN, an error and a
        wrong dtype are infinite disagreements.

    Raises
    ------
    AssertionError
        If a tolerance is given and not kept; the message is the table.
    TypeError
        If `fn` is not callable with these arrays, as a metric of counts is not, or does not
        return an array of floating-point numbers; if an argument is not a NumPy array.
    ValueError
        If `fn` returns more than one axis or one value for each score; if its gradient is 0
        everywhere, unless `differences` is False; if there are no arrays, or a backend, mode or
        dtype is unknown.
    RuntimeError
        If `fn` leaves Python by `sys.exit`.
    ImportError
        If a backend that was asked for is not installed.

    Examples
    --------
    >>> import numpy as np
    >>> import softset as ss
    >>> import softset_backends as sb
    >>> def brier(y_true, y_prob):
    ...     xp = ss.array_namespace(y_true, y_prob)
    ...     return xp.mean((y_prob - xp.astype(y_true, y_prob.dtype)) ** 2)
    >>> y_true, y_prob = np.asarray([1, 0, 1]), np.asarray([0.8, 0.3, 0.4])
    >>> sb.check_gradients(brier, y_true, y_prob, backends=["numpy"]).passed
    True
    """
    _check_call(fn, arrays, keyword_arrays, argnum, dtypes)
    runs = _runs(backends, modes, dtypes)
    given = tuple(_rounded(x, dtypes) for x in (*arrays, *keyword_arrays.values()))
    positional = partial(_positional, len(arrays), tuple(keyword_arrays))
    require_loss(
        fn,
        given[: len(arrays)],
        dict(zip(keyword_arrays, given[len(arrays) :], strict=True)),
        argnum,
        cases,
    )
    call = positional(fn)
    # A function that knows its parts runs them one by one where nothing has to be compiled.
    parts = [positional(part) for part in getattr(fn, "losses", ())]
    found = {run: run_on(call, given, argnum, *run, parts) for run in runs}
    closed = reference
    if reference is None and isinstance(fn, Score) and argnum == 1:
        closed = ss.value_and_grad(fn)
    if closed is not None:
        dual = attempt(positional(closed), given)
    else:
        dual = found[_DUAL] if _DUAL in found else run_on(call, given, argnum, *_DUAL)
    moved = jump = None
    if differences:
        numpy: Any = registry.get("numpy")
        moved = attempt_sides(numpy.slopes_of_sides(call, argnum=argnum), given)
        require_slope([*found.values(), dual], moved)
        jump = find_jump(call, given, argnum)

    referees = Referees(found, dual, moved, _DUAL if closed is None else None)
    report = _report(referees, jump, Batch.of(given[: len(arrays)], argnum, cases))
    if tolerance is not None and not report.within(tolerance):
        raise AssertionError(
            f"gradients disagree; the worst: {report.worst_of(tolerance)}\n{report}"
        )
    return report


# Where dual numbers run.
_DUAL = ("numpy", "eager", "float64")


def _report(referees: Referees, jump: Jump | None, batch: Batch) -> GradientReport:
    """Compare what was found with the referees, and say what is wrong."""
    runs = tuple(referees.found)
    blames = judge(referees)
    guilty = {blame.run for blame in blames if "disagree" not in blame.name}
    rows = [row_of(run, referees, batch.cases, blamed=run in guilty) for run in runs]
    findings = sentences(blames, runs, batch)
    failed = next((x.error for x in referees[1:3] if x is not None and x.error), "")
    if failed and not any(row.error for row in rows):
        rows.append(GradientRow("numpy", "referee", "float64", error=failed))
        findings += (f"a referee fails on numpy: {failed}",)
    text = "" if jump is None else of_jump(jump, batch)
    findings += (text,) if text else ()
    report = GradientReport(tuple(rows), findings, text)
    if not (findings or report.passed):
        report = replace(report, findings=(unexplained(report.worst),))
    return replace(report, notes=sentences(choices_at_kinks(referees), runs, batch))


def _check_call(
    fn: Any, arrays: Sequence[Any], keyword_arrays: Mapping[str, Any], argnum: int, dtypes: Any
) -> None:
    if not callable(fn):
        raise TypeError(f"`fn` must be a function of arrays, got {fn!r}")
    if not arrays:
        raise ValueError("`arrays` must not be empty, got none; pass y_true and y_prob, say")
    named = {f"argument {i}": x for i, x in enumerate(arrays)} | dict(keyword_arrays)
    for name, x in named.items():
        if type(x) not in (np.ndarray, np.memmap):  # others mean more than their values
            raise TypeError(f"`{name}` must be a NumPy array, got {type(x).__name__}")
    if not 0 <= argnum < len(arrays):
        raise ValueError(f"`argnum` must number one of {len(arrays)} arrays from 0, got {argnum}")
    if arrays[argnum].dtype.kind != "f":
        raise TypeError(f"`argnum` must name a floating-point array, got {arrays[argnum].dtype}")
    if not dtypes or not set(dtypes) <= set(DTYPES):
        raise ValueError(f"`dtypes` must be among {', '.join(DTYPES)}, got {tuple(dtypes)}")


def _runs(
    backends: Sequence[str] | None, modes: Sequence[str] | None, dtypes: Sequence[str]
) -> list[tuple[str, str, str]]:
    """Return what to run: backend, mode and dtype."""
    names = registry.available() if backends is None else backends
    if isinstance(names, str):
        raise TypeError(f"`backends` must be a sequence of names, got {names!r}; write [{names!r}]")
    if not names:
        raise ValueError("`backends` must name at least one backend, got none")
    pairs = [(name, mode) for name in names for mode in registry.get(name).MODES]
    known = tuple(dict.fromkeys(mode for _, mode in pairs))
    modes = known if modes is None else modes
    if not modes or not set(modes) <= set(known):
        raise ValueError(f"`modes` must be among {', '.join(known)}, got {tuple(modes)}")
    return [(name, mode, dtype) for name, mode in pairs if mode in modes for dtype in dtypes]


def _rounded(x: Any, dtypes: Sequence[str]) -> Any:
    """Return a floating array as float64, rounded to what all of the dtypes can hold."""
    if x.dtype.kind != "f":
        return x
    return np.asarray(x, "float32" if "float32" in dtypes else "float64").astype("float64")


def _positional(count: int, names: tuple[str, ...], fn: Callable[..., Any]) -> Callable[..., Any]:
    """Return the function with its keyword arrays as further positional ones."""

    def call(*arrays: Any) -> Any:
        return fn(*arrays[:count], **dict(zip(names, arrays[count:], strict=True)))

    return call
