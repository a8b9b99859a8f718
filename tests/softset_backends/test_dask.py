"""Dask arrays: the same numbers as NumPy, chunk by chunk and on a cluster."""

import functools

import numpy as np
import pytest

import softset as ss
from tests.support.capabilities import DATA, FUNCTIONS, leaves
from tests.support.referees import SUMMED

dask = pytest.importorskip("dask", reason="dask is not installed")
da = pytest.importorskip("dask.array", reason="dask.array is not installed")

RNG = np.random.default_rng(11)
ROWS = 1000
Y = RNG.integers(0, 2, ROWS)
P = np.clip(0.3 * Y + RNG.uniform(0, 0.7, ROWS), 0, 1)
W = RNG.uniform(0, 2, ROWS)
M = RNG.uniform(size=ROWS) < 0.8
YY = RNG.integers(0, 2, (ROWS, 3))
PP = np.clip(0.3 * YY + RNG.uniform(0, 0.7, (ROWS, 3)), 0, 1)
G = np.arange(ROWS) % 3
GRID = ss.grid(19)
HARD = ss.Hard()


def chunked(x):
    return da.from_array(x, chunks=(300, *x.shape[1:]))


def of_unknown_length(x):
    """Return the array as after a selection, whose length only computing tells."""
    found = chunked(x)[chunked(np.ones(len(x), bool))]
    assert np.isnan(found.shape[0])
    return found


LENGTHS = pytest.mark.parametrize("lazy", [chunked, of_unknown_length])


def compare(function, lazy, *arrays, **options):
    """Hold a function of Dask arrays to the same function of NumPy's."""
    keys = [key for key, value in options.items() if isinstance(value, np.ndarray)]
    on_dask = function(
        *map(lazy, arrays), **{**options, **{key: lazy(options[key]) for key in keys}}
    )
    expected = leaves(function(*arrays, **options))
    assert all(isinstance(x, da.Array) for x in leaves(on_dask))
    found = dask.compute(*leaves(on_dask), scheduler="sync")
    for a, b in zip(found, expected, strict=True):
        assert np.shape(a) == np.shape(b) and np.asarray(a).dtype == np.asarray(b).dtype
        # Sums over chunks, in another order.
        np.testing.assert_allclose(a, b, rtol=SUMMED, atol=0)


@LENGTHS
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"step": HARD},
        {"step": ss.Sigmoid(), "threshold": 0.3},
        {"sample_weight": W},
        {"where": M},
        {"sample_weight": W, "where": M, "step": HARD},
        {"thresholds": GRID},
        {"thresholds": GRID, "step": HARD, "sample_weight": W, "where": M},
        {"thresholds": GRID, "step": ss.Identity()},
        {"groups": G, "num_groups": 3},
        {"groups": G, "num_groups": 3, "thresholds": GRID, "where": M},
    ],
    ids=lambda options: "-".join(options) or "plain",
)
def test_counts(options, lazy):
    compare(ss.confusion, lazy, Y, P, **options)
    compare(functools.partial(ss.confusion, from_logits=True), lazy, Y, 4 * P - 2, **options)


@LENGTHS
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"step": HARD, "threshold": (0.3, 0.4, 0.5)},
        {"where": np.stack([M, ~M, M], axis=1)},
        {"sample_weight": W[:, None]},
        {"thresholds": GRID, "step": HARD},
        {"groups": G, "num_groups": 3},
    ],
    ids=lambda options: "-".join(options) or "plain",
)
def test_counts_of_each_class(options, lazy):
    compare(functools.partial(ss.confusion, axis=0), lazy, YY, PP, **options)


def test_labels_of_other_dtypes():
    for labels in (Y.astype(bool), Y.astype(np.int8), Y.astype(np.float32)):
        compare(ss.confusion, chunked, labels, P)


def test_single_precision():
    # In float32 the sums over chunks differ by roundings of 6e-8 of the counts.
    scores = P.astype(np.float32)
    found = dask.compute(*ss.confusion(chunked(Y), chunked(scores)), scheduler="sync")
    expected = ss.confusion(Y, scores)
    assert all(x.dtype == np.float32 for x in found)
    np.testing.assert_allclose(np.stack(found), np.stack(expected), rtol=1e-6)


@LENGTHS
@pytest.mark.parametrize(
    "metric", [ss.f1, ss.matthews_corrcoef, ss.balanced_accuracy, ss.cohen_kappa, ss.geometric_mean]
)
def test_scores_and_losses(metric, lazy):
    compare(ss.as_score(metric), lazy, Y, P, sample_weight=W)
    compare(ss.as_loss(metric), lazy, Y, P, where=M)


@LENGTHS
@pytest.mark.parametrize("average", [ss.micro, ss.macro, ss.weighted])
def test_averages(average, lazy):
    compare(ss.as_score(average(ss.f1), threshold=0.5, axis=0), lazy, YY, PP)
    numbers = np.arange(ROWS) % 3

    def of_numbers(y_true, y_prob):
        return ss.as_score(average(ss.f1), threshold=0.5, axis=0)(ss.one_hot(y_true, 3), y_prob)

    compare(of_numbers, lazy, numbers, PP)


@LENGTHS
@pytest.mark.parametrize(
    "curve",
    [
        ss.roc_curve,
        ss.precision_recall_curve,
        ss.auroc,
        functools.partial(ss.auroc, max_fpr=0.2),
        ss.average_precision,
    ],
)
def test_curves(curve, lazy):
    for axis, labels, scores in ((None, Y, P), (0, YY, PP)):
        compare(
            lambda y, p, axis=axis: curve(
                ss.confusion(y, p, thresholds=GRID, step=HARD, axis=axis)
            ),
            lazy,
            labels,
            scores,
        )


@LENGTHS
def test_best_threshold_of_a_grid(lazy):
    best = functools.partial(ss.best_threshold, ss.f1, thresholds=GRID)
    compare(best, lazy, Y, P, sample_weight=W, where=M)
    compare(functools.partial(best, axis=0), lazy, YY, PP)


# Errors come at once, values after half a second for each function.
CASES = [
    pytest.param(row, marks=() if "Dask" in row.refused else pytest.mark.exhaustive, id=str(row))
    for row in FUNCTIONS
]


@pytest.mark.parametrize("row", CASES)
def test_public_functions(row):
    """What is said to work has NumPy's values, and the rest an error that says why."""
    arrays = [da.from_array(x, chunks=(6, *x.shape[1:])) for x in DATA[row.data]]
    for name, call in row.calls.items():
        if "Dask" in row.refused:
            with pytest.raises(TypeError, match=row.refused["Dask"]):
                call(*arrays)
            continue
        found = call(*arrays)
        assert all(isinstance(x, da.Array) for x in leaves(found)), name
        found = dask.compute(*leaves(found), scheduler="sync")
        for x, expected in zip(found, leaves(call(*DATA[row.data])), strict=True):
            np.testing.assert_allclose(x, expected, rtol=SUMMED, atol=1e-15, err_msg=name)


def test_counts_of_parts_add_up():
    parts = [ss.confusion(chunked(Y[i::2]), chunked(P[i::2])) for i in (0, 1)]
    found = dask.compute(*(parts[0] + parts[1]), scheduler="sync")
    np.testing.assert_allclose(np.stack(found), np.stack(ss.confusion(Y, P)), rtol=SUMMED)


def test_gradient():
    for loss in (ss.as_loss(ss.f1), ss.as_loss(ss.f1, thresholds=GRID)):
        value, gradient = ss.value_and_grad(loss)(chunked(Y), chunked(P))
        found = dask.compute(value, gradient, scheduler="sync")
        expected = ss.value_and_grad(loss)(Y, P)
        np.testing.assert_allclose(found[0], expected[0], rtol=SUMMED)
        scale = np.abs(expected[1]).max()
        np.testing.assert_allclose(found[1], expected[1], rtol=0, atol=SUMMED * scale)


def test_nothing_is_computed_before_it_is_asked_for():
    def fail(*_):
        raise AssertionError("computed")

    scores = da.from_delayed(dask.delayed(fail)(), (ROWS,), float)
    lazy = [
        *ss.confusion(chunked(Y), scores.rechunk(300), thresholds=GRID, step=HARD),
        ss.as_score(ss.f1)(chunked(Y), scores),
        *ss.best_threshold(ss.f1, chunked(Y), scores, thresholds=GRID),
    ]
    assert all(isinstance(x, da.Array) for x in lazy)
    with pytest.raises(AssertionError, match="computed"):
        dask.compute(lazy[0], scheduler="sync")


def test_values_are_not_looked_at():
    # As the pages say: out of range counts as 0 or 1, and a NaN comes through.
    scores = np.asarray([2.0, -1.0, np.nan, 0.7])
    labels, known = np.asarray([1, 1, 1, 0]), np.asarray([True, True, False, True])
    arrays = chunked(labels), chunked(scores)
    c = ss.confusion(*arrays, step=HARD, where=chunked(known))
    assert [float(x) for x in dask.compute(*c, scheduler="sync")] == [1, 1, 1, 0]
    for step in (HARD, ss.Linear()):
        for grid in (None, GRID):
            c = ss.confusion(*arrays, step=step, thresholds=grid)
            assert np.isnan(dask.compute(*c, scheduler="sync")).all()
    found = ss.best_threshold(ss.f1, *arrays, thresholds=GRID)
    assert np.isnan(dask.compute(*found, scheduler="sync")).all()


def test_shapes_are_checked():
    with pytest.raises(ValueError, match="must have one shape"):
        ss.confusion(chunked(Y[:-1]), chunked(P))
    with pytest.raises(TypeError, match="must come from one library"):
        ss.confusion(Y, chunked(P))


@pytest.mark.exhaustive
def test_worker_processes(tmp_path):
    distributed = pytest.importorskip("distributed", reason="distributed is not installed")
    rows, number = 20_000, 10

    def block(part, block_id=(0,)):
        rng = np.random.default_rng(block_id)
        y_true = rng.uniform(size=rows) < 0.1
        return y_true, np.clip(0.3 * y_true + rng.uniform(0, 0.7, rows), 0, 1)

    def chunk(part, block_id=(0,)):
        return block(part, block_id)[part]

    chunks = ((rows,) * number,)
    y_true = da.map_blocks(chunk, 0, chunks=chunks, dtype=bool, meta=np.zeros(0, bool))
    y_prob = da.map_blocks(chunk, 1, chunks=chunks, dtype=float, meta=np.zeros(0))

    def results(y_true, y_prob):
        c = ss.confusion(y_true, y_prob, thresholds=GRID, step=HARD)
        best = ss.best_threshold(ss.f1, y_true, y_prob, thresholds=GRID)
        score = ss.as_score(ss.f1)(y_true, y_prob)
        return [*c, *ss.roc_curve(c), ss.auroc(c), *best, score]

    with (
        dask.config.set({"temporary-directory": str(tmp_path)}),
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, memory_limit="1GB", dashboard_address=":0"
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        assert len(client.scheduler_info()["workers"]) == 2
        found = dask.compute(*results(y_true, y_prob))
    parts = [block(0, (i,)) for i in range(number)]
    expected = results(*(np.concatenate(x) for x in zip(*parts, strict=True)))
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_allclose(a, b, rtol=SUMMED)
