"""A value that must not be is found wherever it is, whatever lies around it."""

from __future__ import annotations

import asyncio
import math
import threading
from functools import partial

import numpy as np
import pytest

import softset as ss
from tests.support import marks
from tests.support.backends import EAGER
from tests.support.referees import assert_close, labels_and_scores

eager = marks.on(*EAGER)
ARGUMENTS = ("y_prob", "y_true", "sample_weight")
# XLA's minimum and maximum pass over a NaN among more than 4096 numbers.
SIZES = (1, 7, 64, 5000)


def good(size):
    y, p = labels_and_scores(size)
    return {"y_true": y.astype(float), "y_prob": p, "sample_weight": p + 1}


def confusion(backend, arrays, dtype, **options):
    x = {name: backend.asarray(a, dtype) for name, a in arrays.items()}
    return ss.confusion(x["y_true"], x["y_prob"], sample_weight=x["sample_weight"], **options)


def require_error(name, value, place, fn, *args, **options):
    with pytest.raises(ValueError, match=rf"`{name}` must .* got {value} at flat position {place}"):
        fn(*args, **options)


@eager
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", ARGUMENTS)
def test_a_nan_is_found_in_every_place(backend, name, size):
    for dtype in backend.dtypes:
        for place in {0, size // 2, size - 1}:
            arrays = good(size)
            arrays[name][place] = math.nan
            require_error(name, "nan", place, confusion, backend, arrays, dtype)
            if name == "y_prob":
                require_error(
                    name, "nan", place, confusion, backend, arrays, dtype, from_logits=True
                )


@eager
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", ARGUMENTS)
def test_a_nan_beside_a_mask_is_found_and_one_under_it_is_not(backend, name, size):
    size += 1
    for dtype in backend.dtypes:
        arrays, where = good(size), np.ones(size, dtype=bool)
        where[0] = False
        clean = confusion(backend, arrays, dtype, where=backend.asarray(where))
        arrays[name][0] = math.nan
        masked = confusion(backend, arrays, dtype, where=backend.asarray(where))
        for x, expected in zip(masked, clean, strict=True):
            assert float(x) == float(expected)
        arrays[name][-1] = math.nan
        require_error(
            name, "nan", size - 1, confusion, backend, arrays, dtype, where=backend.asarray(where)
        )


@eager
def test_a_mask_over_everything_hides_everything(backend):
    where = backend.asarray(np.zeros(3, dtype=bool))
    arrays = {name: np.full(3, math.nan) for name in ARGUMENTS}
    for dtype in backend.dtypes:
        assert [float(x) for x in confusion(backend, arrays, dtype, where=where)] == [0, 0, 0, 0]


@eager
def test_a_mask_of_another_shape_is_spread_over_the_values(backend):
    scores = np.asarray([[0.5, 0.5], [2.0, 0.5]])
    labels, mask = backend.asarray(np.zeros((2, 2))), np.asarray([[True], [False]])
    ss.confusion(labels, backend.asarray(scores), where=backend.asarray(mask))
    message = "got 2.0 at flat position 2; if these"
    with pytest.raises(ValueError, match=message):
        ss.confusion(labels, backend.asarray(scores), where=backend.asarray(~mask))
    weight = backend.asarray(np.asarray([[1.0], [-1.0]]))
    scores = backend.asarray(np.full((2, 2), 0.5))
    with pytest.raises(ValueError, match=r"got -1.0 at flat position 2 and 1 more"):
        ss.confusion(labels, scores, sample_weight=weight, where=backend.asarray(np.eye(2) < 2))


@eager
@pytest.mark.parametrize("value", [math.inf, -math.inf])
@pytest.mark.parametrize("name", ARGUMENTS)
def test_infinities_are_found(backend, name, value):
    for dtype in backend.dtypes:
        arrays = good(7)
        arrays[name][3] = value
        require_error(name, value, 3, confusion, backend, arrays, dtype)
        require_error(name, value, 3, confusion, backend, arrays, dtype, from_logits=True)


@eager
def test_bounds_are_allowed_and_the_next_numbers_are_not(backend):
    for name, bounds in {"y_prob": (0.0, 1.0), "y_true": (0.0, 1.0)}.items():
        arrays = good(7)
        arrays[name][2:4] = bounds
        confusion(backend, arrays, "float32")
        for place, side in ((2, -math.inf), (3, math.inf)):
            beyond = {k: x.astype(np.float32) for k, x in arrays.items()}
            # float32's smallest number is not 0 even where a processor flushes it.
            step = np.float32(-1e-30) if side < 0 else np.nextafter(np.float32(1), np.float32(2))
            beyond[name][place] = step
            with pytest.raises(ValueError, match=f"`{name}` .* at flat position {place}"):
                confusion(backend, beyond, "float32")


@eager
@pytest.mark.parametrize("dtype", ["int32", "int64", "uint8"])
def test_integers_are_checked_too(backend, dtype):
    p = backend.asarray(np.asarray([0.2, 0.4, 0.6]))
    y = backend.asarray(np.asarray([0, 1, 1], dtype=dtype))
    ss.confusion(y, p, sample_weight=backend.asarray(np.asarray([0, 3, 200], dtype=dtype)))
    with pytest.raises(ValueError, match=r"`y_true` .* got 2.0 at flat position 1"):
        ss.confusion(backend.asarray(np.asarray([0, 2, 1], dtype=dtype)), p)
    if dtype != "uint8":
        weights = backend.asarray(np.asarray([0, 1, -3], dtype=dtype))
        with pytest.raises(ValueError, match=r"`sample_weight` .* got -3.0 at flat position 2"):
            ss.confusion(y, p, sample_weight=weights)


@eager
def test_a_single_number_is_checked(backend):
    y, p = backend.asarray(np.asarray(1.0)), backend.asarray(np.asarray(math.nan))
    with pytest.raises(ValueError, match=r"`y_prob` .* got nan at flat position 0"):
        ss.confusion(y, p)


@eager
@pytest.mark.parametrize("place", [0, 1])
def test_a_nan_among_thresholds_is_found(backend, place):
    y, p = backend.asarray(np.zeros((1, 2))), backend.asarray(np.full((1, 2), 0.5))
    threshold = np.asarray([0.5, 0.6])
    threshold[place] = math.nan
    for step in (ss.Linear(), ss.Hard()):
        with pytest.raises(ValueError, match=rf"`threshold` .* got nan at flat position {place}"):
            ss.confusion(y, p, threshold=backend.asarray(threshold), step=step)


@marks.on("torch", "jax", "tensorflow", "mlx")
def test_values_are_looked_at_while_they_are_differentiated(backend):
    """And so they are not clipped: at 0 the slope is the step's."""
    y, p = backend.asarray(np.asarray([1.0, 0.0])), backend.asarray(np.asarray([0.0, 1.0]))
    _, gradient = backend.value_and_grad(ss.as_loss(ss.accuracy), y, p)
    # Linear's outer slope is 0.8, and each of two scores is half the accuracy.
    assert_close(gradient, [-0.4, 0.4], backend)


@eager
def test_soft_labels_are_an_error_where_they_are_not_allowed(backend):
    """As scores are that changed places with labels; what is masked may be anything."""
    y, p = (backend.asarray(x) for x in (np.asarray([1.0, 0.0, 1.0]), np.asarray([0.9, 0.2, 1.0])))
    where = backend.asarray(np.asarray([False, False, True]))
    one_hot, shares = np.asarray([[1.0, 0.0], [0.0, 1.0]]), np.asarray([[0.9, 0.1], [0.4, 0.6]])
    table = partial(ss.confusion_table, step=ss.ArgMax())
    loss, message = ss.as_loss(ss.recall), r"`y_true` must hold labels of 0 or 1 .*, got {}; {}$"
    order = "y_true comes first, and `y_prob`.*"
    swapped = message.format("0.9 at flat position 0 and 1 more", order)
    soft = message.format("0.2 at flat position 1", "if soft labels are meant leave out .*=False")
    loss(p, y)
    with ss.checks(True, soft_labels=False):
        loss(y, p)
        loss(p, y, where=where)
        ss.cross_entropy(y, p)
        table(*map(backend.asarray, (one_hot, shares)))
        for call in (loss, ss.cross_entropy, ss.pairwise_loss):
            with pytest.raises(ValueError, match=swapped.replace("y_prob", "y_(prob|score)")):
                call(p, y)
        with pytest.raises(ValueError, match=soft):
            loss(p, p, where=backend.asarray(np.asarray([False, True, True])))
        with pytest.raises(ValueError, match=swapped.replace("1 more", "3 more")):
            table(*map(backend.asarray, (shares, one_hot)))
        with ss.checks(True):
            loss(p, y)
    with pytest.raises(ValueError, match="`soft_labels` must be True where the checks are off"):
        ss.checks(False, soft_labels=False)


# A NaN that cannot be seen

GRID = tuple((i + 0.5) / 40 for i in range(40))
STEPS = {
    "hard": ss.Hard(),
    "linear": ss.Linear(),
    "ramp": ss.Ramp(width=0.3),
    "cosine": ss.Cosine(width=0.3),
    "sigmoid": ss.Sigmoid(),
    "straight through": ss.StraightThrough(),
    "straight through hard": ss.StraightThrough(ss.Hard()),
    "own": lambda p, t: ss.array_namespace(p).astype(p > t, p.dtype),
}


def counts_of_all(**options):
    """Return a function to the counts of every step, by step and by cell."""

    def call(y, p, m):
        xp = ss.array_namespace(y, p)
        rows = []
        for step in STEPS.values():
            c = ss.confusion(y, p, step=step, where=m, **options)
            rows.append(xp.stack([xp.reshape(x, (-1,)) for x in c]))
        return xp.stack(rows)

    return call


@pytest.mark.parametrize("form", ["one", "short grid", "long grid", "logits", "classes"])
def test_a_hidden_nan_shows_in_every_count_and_a_masked_one_in_none(backend, form):
    """Of counts of classes in those of its own class."""
    options = {
        "short grid": {"thresholds": (0.3, 0.6)},
        "long grid": {"thresholds": GRID},
        "logits": {"from_logits": True},
        "classes": {"axis": 0},
    }.get(form, {})
    size = 2000 if form == "long grid" else 12
    y, p = labels_and_scores((size, 2) if form == "classes" else (size,), seed=12)
    place = (3, 1) if form == "classes" else 3
    keep = np.ones(p.shape, dtype=bool)
    keep[place] = False
    hidden = p.copy()
    hidden[place] = math.nan
    with ss.checks(False):
        arrays = [backend.asarray(x) for x in (y, hidden, np.ones(p.shape, dtype=bool))]
        call = backend.compile(counts_of_all(**options), *arrays)
        found = backend.to_numpy(call(*arrays))
        masked = backend.to_numpy(call(*arrays[:2], backend.asarray(keep)))
        clean = backend.to_numpy(call(arrays[0], backend.asarray(p), backend.asarray(keep)))
    np.testing.assert_array_equal(masked, clean)
    assert np.isfinite(masked).all()
    if form == "classes":
        assert np.isfinite(found[..., 0]).all()
        assert np.isnan(found[..., 1]).all()
    else:
        assert np.isnan(found).all()


@pytest.mark.parametrize("step", [name for name in STEPS if name != "own"])
def test_a_hidden_nan_shows_in_the_loss_whose_gradient_is_found(backend, step):
    """In that of probabilities and of logits, with autodiff and in closed form."""
    y, p = (backend.asarray(x) for x in labels_and_scores(12, seed=12))
    hidden = backend.asarray(np.where(np.arange(12) == 3, math.nan, labels_and_scores(12)[1]))
    losses = [ss.as_loss(ss.f1, step=STEPS[step], from_logits=logits) for logits in (False, True)]

    def values(y, p):
        return [ss.value_and_grad(loss)(y, p)[0] for loss in losses]

    with ss.checks(False):
        found = [*backend.run(values, y, hidden)]
        if backend.library != "numpy":
            found += [backend.value_and_grad(loss, y, hidden)[0] for loss in losses]
        clean = backend.run(values, y, p)
    assert all(np.isnan(backend.to_numpy(x)) for x in found)
    assert all(np.isfinite(backend.to_numpy(x)) for x in clean)


ORDERS = {
    "sweep": lambda y, p: ss.array_namespace(y).stack(list(ss.sweep(y, p).confusion)),
    "auroc": lambda y, p: ss.auroc(ss.sweep(y, p).confusion),
    "average precision": lambda y, p: ss.average_precision(ss.sweep(y, p).confusion),
    "area over a grid": ss.as_score(ss.auroc, thresholds=(0.25, 0.5, 0.75)),
    "macro": lambda y, p: ss.as_score(ss.macro(ss.f1), threshold=0.5, axis=0)(
        y[:, None], p[:, None]
    ),
    "best threshold": lambda y, p: ss.best_threshold(ss.f1, y, p).value,
    "hinge": ss.pairwise_loss,
    "pairs": lambda y, p: ss.pairwise_loss(y, p, surrogate=ss.Logistic()),
    "partial area": lambda y, p: ss.pairwise_loss(y, p, max_fpr=0.5),
    "cross-entropy": ss.cross_entropy,
    "cross-entropy of logits": lambda y, p: ss.cross_entropy(y, p, from_logits=True),
}


@pytest.mark.parametrize("name", ORDERS)
def test_a_hidden_nan_shows_in_what_is_made_of_the_order(backend, name):
    y, p = labels_and_scores(12, seed=13)
    with ss.checks(False):
        call = backend.compile(ORDERS[name], backend.asarray(y), backend.asarray(p))
        for place in (0, 5, 11):
            hidden = p.copy()
            hidden[place] = math.nan
            found = call(backend.asarray(y), backend.asarray(hidden))
            assert np.isnan(backend.to_numpy(found)).all()


# Where the checks are on

NAN = np.asarray([0.5, math.nan]), np.asarray([1.0, 0.0])


def passes():
    """Tell whether a NaN gets through, that is whether the checks are off."""
    try:
        ss.confusion(NAN[1], NAN[0])
    except ValueError:
        return False
    return True


def test_a_block_restores_what_was_and_so_does_a_manager_used_twice():
    assert not passes()
    with ss.checks(False):
        assert passes()
        with ss.checks(True):
            assert not passes()
        assert passes()
    assert not passes()
    manager = ss.checks(False)
    for _ in range(2):
        with manager:
            assert passes()
            with manager:
                assert passes()
            assert passes()
        assert not passes()


def test_a_statement_lasts_until_the_end_of_its_block():
    with ss.checks(True):
        ss.checks(False)
        assert passes()
        with ss.checks(True):
            assert not passes()
        assert passes()
        ss.checks(True)
        assert not passes()
        ss.checks(False)
    assert not passes()


def test_an_error_restores_the_checks():
    with pytest.raises(RuntimeError, match="mine"), ss.checks(False):
        raise RuntimeError("mine")
    assert not passes()


def test_threads_do_not_meet():
    """Two blocks that overlap, and a third thread that has none."""
    opened, closed = threading.Barrier(3), threading.Barrier(3)
    seen = {}

    def block(name, first):
        with ss.checks(False):
            opened.wait()
            seen[name] = passes()
            if not first:
                closed.wait()
        if first:
            closed.wait()
        seen[name, "after"] = passes()

    threads = [threading.Thread(target=block, args=(i, i == 0)) for i in range(2)]
    for thread in threads:
        thread.start()
    opened.wait()
    seen["main"] = passes()
    closed.wait()
    for thread in threads:
        thread.join()
    assert seen == {
        0: True, 1: True, "main": False, (0, "after"): False, (1, "after"): False
    }  # fmt: skip
    assert not passes()


def test_tasks_do_not_meet():
    async def block(on, wait):
        with ss.checks(on):
            await asyncio.sleep(wait)
            return passes()

    async def both():
        return await asyncio.gather(block(False, 0.02), block(True, 0.01), block(False, 0.0))

    assert asyncio.run(both()) == [True, False, True]
    assert not passes()


def test_generators_may_end_in_another_order():
    def block(on):
        with ss.checks(on):
            yield passes()

    first, second = block(False), block(False)
    assert next(first)
    assert next(second)
    first.close()
    assert passes()
    second.close()
    assert not passes()


@marks.on("torch-compiled")
def test_a_block_inside_of_compiled_code(backend):
    y, p = labels_and_scores(6)

    def loss(y, p):
        with ss.checks(False):
            return ss.as_loss(ss.f1)(y, p)

    found = backend.run(loss, backend.asarray(y), backend.asarray(p))
    assert_close(found, ss.as_loss(ss.f1)(y, p), backend)
    assert not passes()
