"""Counts of earlier batches: sums, forgetting, and gradients to the current batch alone."""

import numpy as np
import pytest

import softset as ss
from tests.support.referees import assert_close, assert_counts, labels_and_scores

Y, P = labels_and_scores((6, 16, 2), seed=41)
LOSS = ss.as_loss(ss.macro(ss.f1), axis=0)


def test_the_last_batches_are_added(backend):
    """Of six batches the last three and the current one; nothing is left of older ones."""

    def run(y, p):
        memory = ss.empty_memory(LOSS.confusion(y[0, ...], p[0, ...]), 3)
        for i in range(6):
            total, memory = ss.remember(LOSS.confusion(y[i, ...], p[i, ...]), memory)
        return total, memory

    total, memory = backend.run(run, backend.asarray(Y), backend.asarray(P))
    batches = [LOSS.confusion(y, p) for y, p in zip(Y, P, strict=True)]
    assert_counts(total, sum(batches[2:]), backend)
    expected = [np.stack([batches[i][k] for i in (5, 4, 3)]) for k in range(4)]
    assert_counts(memory, ss.Confusion(*expected), backend)


def test_no_gradient_to_earlier_batches(backend):
    """The slope at the total counts, times the steps' slopes of the current batch only."""

    def last(y, p):
        memory = ss.empty_memory(LOSS.confusion(y[0, ...], p[0, ...]), 5)
        for i in range(6):
            total, memory = ss.remember(LOSS.confusion(y[i, ...], p[i, ...]), memory)
        return LOSS.of_counts(total)

    value, gradient = backend.value_and_grad(last, backend.asarray(Y), backend.asarray(P))
    whole, slopes = ss.value_and_grad(LOSS)(Y.reshape(-1, 2), P.reshape(-1, 2))
    expected = np.zeros_like(P)
    expected[-1] = slopes.reshape(P.shape)[-1]
    assert_close(value, whole, backend)
    assert_close(gradient, expected, backend)


def test_errors():
    c = LOSS.confusion(Y[0], P[0])
    memory = ss.empty_memory(c, 2)
    for size in (0, 1.0, True):
        with pytest.raises(ValueError, match="`size` must be an integer of at least 1, got"):
            ss.empty_memory(c, size)
    with pytest.raises(TypeError, match="`c` must be a Confusion or a ConfusionTable, got tuple"):
        ss.empty_memory((1, 2, 3, 4), 2)
    with pytest.raises(TypeError, match="`c` must be a Confusion or a ConfusionTable, got tuple"):
        ss.remember(tuple(c), memory)
    with pytest.raises(TypeError, match=r"`memory` must be a Confusion or a Conf.*, got int"):
        ss.remember(c, 3)
    scalar = ss.confusion(Y[0], P[0])
    with pytest.raises(ValueError, match=r"`memory` must hold counts of the shape of `c`, got"):
        ss.remember(scalar, memory)
    with pytest.raises(ValueError, match="start with empty_memory"):
        ss.remember(c, c)
