"""Functions that compute in NumPy take the arrays of every framework, and what follows them."""

from functools import partial

import numpy as np
import pytest

import softset as ss
from softset_backends import (
    DecisionRule,
    bootstrap_interval,
    classification_report,
    group_report,
    threshold_interval,
)
from softset_backends.in_numpy import in_numpy

RNG = np.random.default_rng(3)
Y = RNG.uniform(size=60) < 0.4
# Numbers that bfloat16 holds as they are.
P = np.clip(np.round(64 * (0.4 * Y + 0.6 * RNG.uniform(size=60))) / 64, 1 / 64, 63 / 64)
P = P.astype(np.float32)
W = (np.round(8 * RNG.uniform(0.25, 2.0, size=60)) / 8).astype(np.float32)


def torch_followed():
    torch = pytest.importorskip("torch", reason="torch is not installed")
    return lambda x: torch.tensor(x, requires_grad=x.dtype.kind == "f")


def torch_bfloat16():
    torch = pytest.importorskip("torch", reason="torch is not installed")
    return lambda x: torch.tensor(x, dtype=torch.bfloat16 if x.dtype.kind == "f" else None)


def torch_negative_view():
    torch = pytest.importorskip("torch", reason="torch is not installed")
    return lambda x: (
        torch.complex(torch.zeros(x.shape), -torch.tensor(x)).conj().imag
        if x.dtype == np.float32
        else torch.tensor(x)
    )


def jax_bfloat16():
    jax = pytest.importorskip("jax", reason="jax is not installed")
    return lambda x: jax.numpy.asarray(x, "bfloat16" if x.dtype.kind == "f" else None)


def tensorflow_bfloat16():
    tf = pytest.importorskip("tensorflow", reason="tensorflow is not installed")
    return lambda x: tf.constant(x, tf.bfloat16 if x.dtype.kind == "f" else None)


def tensorflow_variable():
    tf = pytest.importorskip("tensorflow", reason="tensorflow is not installed")
    return tf.Variable


KINDS = [
    torch_followed,
    torch_bfloat16,
    torch_negative_view,
    jax_bfloat16,
    tensorflow_bfloat16,
    tensorflow_variable,
]


def recalibrated(*arrays, **options):
    module = pytest.importorskip(
        "softset_backends.sklearn", reason="scikit-learn is not installed", exc_type=ImportError
    )
    return module.recalibrated(*arrays, **options)


def drawn(name, *arrays, **options):
    """Return the numbers of a picture's lines."""
    pytest.importorskip("matplotlib", reason="matplotlib is not installed")
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    from softset_backends import plots

    ax = getattr(plots, name)(*arrays, **options)
    lines = [np.asarray(line.get_xydata(), np.float64) for line in ax.lines]
    plt.close()
    return np.concatenate(lines)


FUNCTIONS = {
    "bootstrap_interval": partial(bootstrap_interval, ss.f1, resamples=50),
    "threshold_interval": partial(threshold_interval, ss.f1, resamples=10),
    "group_report": lambda y, p, sample_weight: [
        tuple(row["f1"])
        for row in group_report(
            ss.f1, y, p, groups=y, sample_weight=sample_weight, resamples=20
        ).data.values()
    ],
    "recalibrated": recalibrated,
    "plot_roc": partial(drawn, "plot_roc"),
    "plot_precision_recall": partial(drawn, "plot_precision_recall"),
    "plot_metric": partial(drawn, "plot_metric", ss.f1),
}


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("name", FUNCTIONS)
def test_arrays_of_any_kind(name, kind):
    convert, function = kind(), FUNCTIONS[name]
    found = function(convert(Y), convert(P), sample_weight=convert(W))
    expected = function(Y, P, sample_weight=W)
    # The logits of float32 and of what was cast to it are the same, and so is all else.
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_thresholds_of_any_kind(kind):
    convert = kind()
    at = convert(np.asarray(0.375, np.float32))
    for function in (
        bootstrap_interval,
        lambda *arrays, **options: group_report(*arrays, groups=Y, **options).data["all"]["f1"],
    ):
        found = function(ss.f1, convert(Y), convert(P), threshold=at, resamples=20)
        assert found == function(ss.f1, Y, P, threshold=np.float32(0.375), resamples=20)
    assert DecisionRule(at) == DecisionRule(0.375)
    several = convert(np.asarray([0.375, 0.5], np.float32))
    assert DecisionRule(several) == DecisionRule((0.375, 0.5))


def test_counts_that_follow_a_gradient_are_reported():
    torch = pytest.importorskip("torch", reason="torch is not installed")
    p = torch.tensor(P, requires_grad=True)
    soft = ss.confusion(torch.tensor(Y), p)
    found = classification_report(soft).data
    expected = classification_report(ss.Confusion(*(x.detach().numpy() for x in soft))).data
    assert found == expected


def test_what_numpy_takes_is_left_as_it_is():
    assert in_numpy("x", None) is None
    assert in_numpy("x", P) is P
    assert in_numpy("x", [1, 2]).tolist() == [1, 2]


def test_what_holds_more_or_less_than_an_array_is_refused():
    masked = np.ma.masked_array(P, mask=Y)
    with pytest.raises(TypeError, match=r"`y_prob` must be an array.*MaskedArray.*pass its .fill"):
        bootstrap_interval(ss.f1, Y, masked)
    with pytest.raises(TypeError, match=r"`y_true` must be an array.*MaskedArray.*pass its .fill"):
        recalibrated(np.ma.masked_array(Y, mask=P > 0.5), P)


def test_ragged_and_sparse_tensors_are_refused():
    tf = pytest.importorskip("tensorflow", reason="tensorflow is not installed")
    sparse = pytest.importorskip("jax.experimental.sparse", reason="jax is not installed")
    for given, way_out in (
        (tf.ragged.constant([[0.5], [0.25, 0.75]]), "to_tensor"),
        (tf.sparse.from_dense([0.0, 0.5]), "to_dense"),
        (sparse.BCOO.fromdense(np.asarray([0.0, 0.5])), "todense"),
    ):
        with pytest.raises(TypeError, match=rf"`y_prob` must be an array.*{way_out}"):
            bootstrap_interval(ss.f1, Y, given)


def test_tensors_that_are_more_than_their_values_are_refused():
    torch = pytest.importorskip("torch", reason="torch is not installed")
    ragged = torch.nested.nested_tensor([torch.ones(2), torch.ones(3)], layout=torch.jagged)
    for function in (bootstrap_interval, threshold_interval, partial(group_report, groups=Y)):
        with pytest.raises(TypeError, match="`y_prob` must be a dense tensor, got a nested one"):
            function(ss.f1, Y, ragged)
