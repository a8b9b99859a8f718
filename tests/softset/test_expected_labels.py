"""Expected labels: against all draws of labels, weighted copies, and the tests of calibration."""

import itertools
import warnings

import numpy as np
import pytest

import softset as ss
from tests.support.referees import SUMMED, assert_close, labels_and_scores, sklearn

Y, P = labels_and_scores((40, 3), seed=5)
LABELLED = np.random.default_rng(6).uniform(size=P.shape) < 0.6
COUNTED = np.random.default_rng(7).uniform(size=P.shape) < 0.8


@pytest.mark.filterwarnings("ignore:`y_prob` must expect")
def test_share_of_both(backend):
    """What is hidden by either mask may be anything."""
    y = np.where(LABELLED & COUNTED, Y, np.nan)
    p = np.where(COUNTED, P, np.nan)
    arrays = map(backend.asarray, (y, p, LABELLED, COUNTED))
    found = backend.run(
        lambda y, p, a, b: ss.expected_labels(y, p, share=0.3, labelled=a, where=b), *arrays
    )
    expected = np.where(LABELLED, 0.7 * Y + 0.3 * P, P) * COUNTED
    assert_close(found, expected, backend)


@pytest.mark.filterwarnings("ignore:`y_prob` must expect")
def test_of_logits(backend):
    arrays = map(backend.asarray, (Y, np.log(P / (1 - P))))
    found = backend.run(lambda y, z: ss.expected_labels(y, z, from_logits=True), *arrays)
    assert_close(found, (Y + P) / 2, backend, SUMMED)


def test_probabilities_that_nobody_looks_at_are_clipped(backend):
    arrays = [backend.asarray(np.asarray(x)) for x in ([1.0, 0.0, 0.0], [1.5, -0.5, 0.25])]
    with ss.checks(False):
        found = backend.run(lambda y, p: ss.expected_labels(y, p, share=1.0), *arrays)
    assert_close(found, np.asarray([1.0, 0.0, 0.25]), backend)


def test_masks_are_booleans():
    for name in ("where", "labelled"):
        with pytest.raises(TypeError, match=f"`{name}` must be a boolean mask, got float64"):
            ss.expected_labels(Y, P, **{name: np.ones(len(Y))})


def test_no_gradient_flows(backend):
    def total(y, p):
        labels = ss.expected_labels(y, p, share=1.0)
        return ss.array_namespace(p).sum(p * labels)

    y, p = np.asarray([1.0, 0.0]), np.asarray([0.8, 0.3])
    _, gradient = backend.value_and_grad(total, backend.asarray(y), backend.asarray(p))
    assert_close(gradient, p, backend)


def test_counts_are_expectations():
    """The mean over all labels, each as likely as the probabilities say."""
    p = np.asarray([0.1, 0.35, 0.5, 0.55, 0.8, 0.9])
    labels = ss.expected_labels(p > 0.5, p, share=1.0)
    found = ss.confusion(labels, p, threshold=0.4, step=ss.Hard())
    mean = np.zeros(4)
    for y in itertools.product((0, 1), repeat=len(p)):
        y = np.asarray(y)
        chance = np.prod(np.where(y, p, 1 - p))
        mean += chance * np.asarray(ss.confusion(y, p, threshold=0.4, step=ss.Hard()))
    np.testing.assert_allclose(found, mean, rtol=1e-14)


@pytest.mark.filterwarnings("ignore:`y_prob` must expect")
@pytest.mark.parametrize("share", [0.0, 0.5, 1.0])
def test_no_cut_is_better(backend, share):
    """A row is a positive and a negative, each with a weight; for each class by itself."""
    found = backend.run(
        lambda y, p: tuple(
            ss.best_threshold(ss.f1, ss.expected_labels(y, p, share=share), p, axis=0)
        ),
        *map(backend.asarray, (Y, P)),
    )
    threshold, value = (backend.to_numpy(x) for x in found)
    both = np.repeat([1, 0], len(P))
    for i, (y, p) in enumerate(zip(Y.T, P.T, strict=True)):
        labels = (1 - share) * y + share * p
        weights = np.concatenate([labels, 1 - labels])

        def f1(t, p=p, weights=weights):
            return sklearn.f1_score(both, np.tile(p, 2) >= t, sample_weight=weights)

        assert value[i] == pytest.approx(max(map(f1, p)), rel=SUMMED)
        assert value[i] == pytest.approx(f1(threshold[i]), rel=SUMMED)


def test_within_a_bound():
    """Labels that expect a precision of at least 0.8 by a cut at 0.6."""
    p = np.asarray([0.2, 0.5, 0.7, 0.9])
    labels = ss.expected_labels(p > 0.6, p, share=1.0)
    found = ss.threshold_at(ss.recall, ss.precision, 0.8, labels, p)
    assert found == (pytest.approx(0.6), pytest.approx(1.6 / 2.3))


# Labels that are not what is expected


def warnings_of(*args, **options):
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always")
        ss.expected_labels(*args, **options)
    return [str(one.message) for one in found]


def positives(number, *, of=400):
    return np.arange(of) < number


def test_other_numbers_of_positives():
    """Of 400 coins the standard error is 10, and one row is left aside."""
    p = np.full(400, 0.5)
    assert not warnings_of(positives(241), p) and not warnings_of(positives(159), p)
    (text,) = warnings_of(positives(242), p)
    assert "got 200 positives where there are 242, 4.2 standard errors away;" in text
    assert len(warnings_of(positives(158), p)) == 1
    assert not warnings_of(positives(158), p, share=0.0)
    assert not warnings_of(positives(158), p, labelled=np.arange(400) < 100, where=positives(1))
    # Expected hardly ever, and seen once.
    assert not warnings_of(positives(1), np.full(400, 1e-6))
    assert "inf standard errors" in warnings_of(positives(2), np.zeros(400))[0]


def test_too_sure():
    """As many positives, but others: 1.6 for each pair, with a variance of 0.0576 for each row."""
    p = np.where(np.arange(400) < 200, 0.1, 0.9)

    def labels(swapped):
        return (np.arange(400) < 20 + swapped) | (np.arange(400) >= 220 + swapped)

    assert not warnings_of(labels(12), p)
    (text,) = warnings_of(labels(13), p)
    assert "got 36 squared errors where there are 56.8, 4.3 standard errors away, too sure;" in text
    assert "too unsure;" in warnings_of(labels(-13), p)[0]


def test_warning_of_a_class_on_every_library(backend):
    if backend.traced or backend.name == "dask":
        pytest.skip("values are hidden")
    y = np.stack([positives(200), positives(300), positives(110)], axis=1)
    with pytest.warns(UserWarning, match=r"200 positives of class 1 .* 300, .*\(and 1 classes mo"):
        ss.expected_labels(backend.asarray(y), backend.asarray(np.full(y.shape, 0.5)), axis=0)


def test_a_warning_names_the_class_where_there_are_two():
    y, p = np.stack([positives(200), positives(300)], axis=1), np.full((400, 2), 0.5)
    y[:, 0] = np.arange(400) % 2
    assert "positives of class 1 where" in warnings_of(y, p, axis=0)[0]
    assert "positives where" in warnings_of(y[:, 1:], p[:, 1:], axis=0)[0]


def test_the_dtype_is_that_of_the_scores(backend):
    p = backend.asarray(P.astype("float32"))
    for labels in (Y, Y.astype("int32"), Y.astype("float64")):
        found = backend.run(
            lambda y, p: ss.expected_labels(y, p, axis=0), backend.asarray(labels), p
        )
        assert found.dtype == p.dtype


def test_no_warning_of_calibrated_probabilities():
    rng = np.random.default_rng(0)
    for concentration in (0.05, 0.5, 5.0):
        p = rng.beta(concentration, 3 * concentration, size=(1000, 200))
        assert not warnings_of(rng.uniform(size=p.shape) < p, p, axis=0)


def test_errors():
    for share in (-0.1, 1.1, "half"):
        with pytest.raises(ValueError, match=r"`share` must lie in \[0, 1\], got"):
            ss.expected_labels(Y, P, share=share)
    with pytest.raises(TypeError, match="`labelled` must be a boolean mask, got int64"):
        ss.expected_labels(Y, P, labelled=LABELLED.astype(int))
    with pytest.raises(ValueError, match="`labelled` must have as many dimensions as y_prob"):
        ss.expected_labels(Y, P, labelled=LABELLED[:, 0])
    with pytest.raises(ValueError, match="`y_true` and `y_prob` must have one shape"):
        ss.expected_labels(Y[:5], P)
    with pytest.raises(ValueError, match=r"`y_prob` must hold probabilities.*from_logits=True"):
        ss.expected_labels(Y, 3 * P)
    with pytest.raises(ValueError, match=r"`y_true` must hold labels in \[0, 1\], got -1"):
        ss.expected_labels(np.where(LABELLED, Y, -1), P)
    with pytest.raises(TypeError, match="`y_prob` must hold floating-point scores"):
        ss.expected_labels(P, Y)
