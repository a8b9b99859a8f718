"""Class and sample weights against scikit-learn."""

import numpy as np
import pytest

import softset as ss
from tests.support.referees import SINGLE, Referee, assert_close

reference = Referee("sklearn.utils.class_weight")

NUMBERS = np.asarray([0, 0, 2, 1, 0, 2, 0, 0, 0, 1, 0])


def test_class_weight_is_scikit_learns_balanced(backend):
    expected = reference.compute_class_weight("balanced", classes=np.arange(3), y=NUMBERS)
    found = backend.run(
        lambda *ys: [ss.class_weight(y, num_classes=3) for y in ys],
        *(backend.asarray(NUMBERS.astype(d)) for d in ("int64", "int32", "uint8")),
    )
    for x in found:
        assert_close(x, expected, backend, SINGLE, dtype="float32")


def test_class_weight_of_two_classes(backend):
    """Booleans do; the shape does not matter."""
    y = np.asarray([[True, False, False], [False, False, False]])
    found = backend.run(ss.class_weight, backend.asarray(y))
    expected = reference.compute_class_weight(
        "balanced", classes=np.asarray([False, True]), y=y.ravel()
    )
    assert_close(found, expected, backend, SINGLE, dtype="float32")


def test_class_weight_of_an_absent_class_is_0(backend):
    found = backend.run(lambda y: ss.class_weight(y, num_classes=4), backend.asarray(NUMBERS))
    assert_close(found, 11 / (4 * np.asarray([7, 2, 2, np.inf])), backend, SINGLE, dtype="float32")


def test_pos_weight_is_negatives_over_positives(backend):
    y = np.asarray([[0, 0, 0], [1, 0, 1]])
    found = backend.run(
        lambda *ys: [ss.pos_weight(y) for y in ys],
        *(backend.asarray(y.astype(d)) for d in ("bool", "int64", "float64", "float32")),
    )
    for x in found:
        assert_close(x, 2.0, backend, SINGLE, dtype="float32")


def test_pos_weight_of_soft_labels_and_without_positives(backend):
    y = backend.asarray(np.asarray([0.25, 0.5, 0.25]))
    assert_close(backend.run(ss.pos_weight, y), 2.0, backend, SINGLE, dtype="float32")
    y = backend.asarray(np.zeros(3))
    assert_close(backend.run(ss.pos_weight, y), 1.0, backend, SINGLE, dtype="float32")


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_sample_weight_is_the_weight_of_the_class(backend, dtype):
    values = np.asarray([0.5, 2.0, 4.0])
    weights = backend.asarray(values, dtype)
    found, balanced = backend.run(
        lambda y: (
            ss.sample_weight(y, weights),
            ss.sample_weight(y, ss.class_weight(y, num_classes=3)),
        ),
        backend.asarray(NUMBERS),
    )
    assert_close(found, values[NUMBERS], backend, dtype=dtype)
    expected = reference.compute_sample_weight("balanced", NUMBERS)
    assert_close(balanced, expected, backend, SINGLE, dtype="float32")


def test_sample_weight_of_two_classes_and_of_no_class(backend):
    weights = backend.asarray(np.asarray([0.5, 2.0]))
    y = backend.asarray(np.asarray([[True], [False]]))
    found = backend.run(lambda y: ss.sample_weight(y, weights), y)
    assert_close(found, [[2.0], [0.5]], backend)
    y = backend.asarray(np.asarray([1, 5, -1]))
    found = backend.run(lambda y: ss.sample_weight(y, weights), y)
    assert_close(found, [2.0, 0.0, 0.0], backend)


def test_weights_of_classes_go_into_the_counts(backend):
    """Balanced weights make positives and negatives count the same."""
    y = np.asarray([True, False, False, False])
    p = np.asarray([0.75, 0.25, 0.5, 0.75])

    def count(y, p):
        xp = ss.array_namespace(p)
        weights = xp.astype(ss.sample_weight(y, ss.class_weight(y)), p.dtype)
        return ss.confusion(y, p, step=ss.Hard(), sample_weight=weights)

    c = backend.run(count, backend.asarray(y), backend.asarray(p))
    for x, expected in zip(c, (2.0, 4 / 3, 0.0, 2 / 3), strict=True):
        assert_close(x, expected, backend, SINGLE, scale=4.0)
