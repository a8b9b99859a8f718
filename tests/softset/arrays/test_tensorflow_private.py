"""What TensorFlow does not publish may go: values and gradients are the same without it."""

import numpy as np
import pytest

import softset as ss
from tests.support.referees import labels_and_scores

tf = pytest.importorskip("tensorflow")

from softset._arrays.tensorflow import crossed, library  # noqa: E402

Y, P = labels_and_scores(20_000, seed=5)
TIMES = 20  # a loss is compiled from its 17th call on


def value_and_gradient(compiled):
    y, p = tf.constant(Y), tf.constant(P, tf.float64)
    loss = ss.as_loss(ss.f1)

    def both(y, p):
        with tf.GradientTape() as tape:
            tape.watch(p)
            value = loss(y, p)
        return value, tape.gradient(value, p)

    call = tf.function(both, jit_compile=True) if compiled else both
    for _ in range(1 if compiled else TIMES):
        value, gradient = call(y, p)
    return float(value), gradient.numpy()


@pytest.mark.parametrize("compiled", [False, True], ids=["eager", "xla"])
def test_without_what_is_not_public(compiled, monkeypatch):
    monkeypatch.setattr(library, "_watched", None)
    monkeypatch.setattr(crossed, "_contexts", None)
    assert not crossed.in_xla()
    value, gradient = value_and_gradient(compiled)
    expected, slopes = ss.value_and_grad(ss.as_loss(ss.f1))(Y, P)
    # Sums of 20,000 numbers in float64.
    np.testing.assert_allclose(value, float(expected), rtol=1e-12)
    np.testing.assert_allclose(gradient, slopes, rtol=1e-10, atol=1e-18)
