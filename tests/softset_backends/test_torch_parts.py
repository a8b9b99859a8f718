"""Micro-batches in PyTorch: their gradient is that of all of them at once."""

import functools

import numpy as np
import pytest

import softset as ss
from tests.support.referees import SUMMED, labels_and_scores

torch = pytest.importorskip("torch", reason="torch is not installed")

from softset_backends.torch import MetricLoss, backward_in_parts  # noqa: E402

N, CLASSES = 60, 10
Y, Y10 = (torch.tensor(labels_and_scores(n, seed=7)[0]) for n in (N, (N, CLASSES)))
X = torch.tensor(np.random.default_rng(8).normal(size=(N, 5)))
WEIGHT = torch.tensor(np.random.default_rng(9).uniform(0.1, 3.0, size=N))
KEPT = torch.tensor(np.random.default_rng(10).uniform(size=N) < 0.8)

FLAT = {
    "f2": functools.partial(ss.fbeta, beta=2.0),
    "mcc": ss.matthews_corrcoef,
    "kappa": ss.cohen_kappa,
    "g-mean": ss.geometric_mean,
}
LOSSES = {
    **{name: ss.as_loss(metric, from_logits=True) for name, metric in FLAT.items()},
    "f1 on a grid": ss.as_loss(ss.f1, thresholds=(0.3, 0.5, 0.6), from_logits=True),
    "macro f1": ss.as_loss(ss.macro(ss.f1), axis=0, from_logits=True),
}
ENTROPY = functools.partial(ss.cross_entropy, from_logits=True, pos_weight=2.0)
LOSSES["compound"] = ss.compound_loss((ENTROPY, LOSSES["mcc"]), weights=(1.0, 0.5))
if hasattr(ss, "auroc"):
    LOSSES["auroc"] = ss.as_loss(ss.auroc, thresholds=ss.grid(19), from_logits=True)


def network(outputs=1, *, middle=torch.nn.ReLU):
    torch.manual_seed(0)
    layers = [torch.nn.Linear(5, 8), middle(), torch.nn.Linear(8, outputs)]
    if outputs == 1:
        layers.append(torch.nn.Flatten(0))
    return torch.nn.Sequential(*layers).double()


def gradient(model):
    found = torch.cat([p.grad.flatten() for p in model.parameters()])
    model.zero_grad()
    return found


def whole(loss, model, x, y, **options):
    value = loss(y, model(x), **options)
    value.backward()
    return value.detach(), gradient(model)


def split(*tensors, size=8):
    return list(zip(*(x.split(size) for x in tensors), strict=True))


def assert_same(found, expected, rtol=SUMMED):
    torch.testing.assert_close(found, expected, rtol=0, atol=rtol * expected.abs().max().item())


@pytest.fixture(params=LOSSES)
def case(request):
    loss = LOSSES[request.param]
    many = request.param == "macro f1"
    return loss, network(CLASSES if many else 1), Y10 if many else Y


# Exactness


def test_gradient_of_parts_is_that_of_the_whole(case):
    loss, model, y = case
    value, expected = whole(loss, model, X, y)
    assert expected.abs().max() > 1e-4
    found = backward_in_parts(loss, model, split(X, y))
    assert not found.requires_grad
    assert_same(found, value)
    assert_same(gradient(model), expected)


def test_weights_and_masks(case):
    loss, model, y = case
    weight, where = (v[:, None] if y.ndim == 2 else v for v in (WEIGHT, KEPT))
    value, expected = whole(loss, model, X, y, sample_weight=weight, where=where)
    parts = [(x, t, {"sample_weight": w, "where": k}) for x, t, w, k in split(X, y, weight, where)]
    assert_same(backward_in_parts(loss, model, parts), value)
    assert_same(gradient(model), expected)


def test_groups():
    model, groups = network(), torch.arange(N) % 3
    loss = MetricLoss(ss.largest_gap(ss.recall), from_logits=True, num_groups=3)
    value, expected = whole(loss.loss, model, X, Y, groups=groups)
    parts = [(x, t, {"groups": g}) for x, t, g in split(X, Y, groups)]
    assert_same(backward_in_parts(loss, model, parts), value)
    assert_same(gradient(model), expected)


def test_linearize_by_hand_agrees(case):
    loss, model, y = case
    with torch.no_grad():
        total = sum(loss.confusion(t, model(x)) for x, t in split(X, y))
    linear = ss.linearize(loss, total)
    for x, t in split(X, y):
        linear(t, model(x)).backward()
    by_hand = gradient(model)
    backward_in_parts(loss, model, split(X, y))
    assert_same(gradient(model), by_hand)


def test_mean_of_the_parts_losses_has_another_gradient(case):
    loss, model, y = case
    _, expected = whole(loss, model, X, y)
    parts = split(X, y, size=12)  # of equal lengths: the mean of a mean loss would be exact
    for x, t in parts:
        (loss(t, model(x)) / len(parts)).backward()
    off = (gradient(model) - expected).abs().max() / expected.abs().max()
    assert off > 0.01


def test_gradients_add_up_as_those_of_backward():
    loss, model = LOSSES["mcc"], network()
    _, expected = whole(loss, model, X, Y)
    for _ in range(2):
        backward_in_parts(loss, model, split(X, Y))
    assert_same(gradient(model), 2 * expected)


def test_a_function_around_a_module_and_one_part():
    loss, model = LOSSES["mcc"], network()
    _, expected = whole(loss, model, X, Y)
    backward_in_parts(loss, lambda x: model[:-1](x)[:, 0], [[X, Y]])
    assert_same(gradient(model), expected)


@pytest.mark.parametrize("learn", [False, True])
def test_metric_loss(learn):
    module = MetricLoss(ss.f1, threshold=0.4, from_logits=True, learn_threshold=learn).double()
    model = network()
    both = torch.nn.ModuleList([model, module])
    value = module(model(X), Y)
    value.backward()
    expected = gradient(both)
    assert_same(backward_in_parts(module, model, split(X, Y)), value.detach())
    assert_same(gradient(both), expected)


def test_reduce_is_applied_to_the_sum():
    def reduce(c):
        return c + c + ss.Confusion(*(torch.ones_like(x) for x in c))

    loss, model = LOSSES["mcc"], network()
    value, expected = whole(loss, model, X, Y, reduce=reduce)
    assert_same(backward_in_parts(loss, model, split(X, Y), reduce=reduce), value)
    assert_same(gradient(model), expected)


def test_float32_counts_of_half_scores():
    loss, model = LOSSES["f2"], network().bfloat16()
    x = X.bfloat16()
    _, expected = whole(loss, model, x, Y)
    assert backward_in_parts(loss, model, split(x, Y)).dtype == torch.float32
    # Gradients add up in bfloat16, which rounds at 4e-3, over the rows and over the parts.
    assert_same(gradient(model), expected, rtol=5e-2)


def test_autocast():
    """The first pass leaves no weights without gradients in autocast's cache."""
    loss, model, x = LOSSES["f2"], network().float(), X.float()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        _, expected = whole(loss, model, x, Y)
        backward_in_parts(loss, model, split(x, Y))
    assert_same(gradient(model), expected, rtol=5e-2)  # bfloat16 rounds at 4e-3, in every sum


# Two passes that see the same


def dropout():
    return torch.nn.Dropout(0.4)


def test_dropout_draws_the_same_masks_twice():
    loss, model = LOSSES["mcc"], network(middle=dropout)
    torch.manual_seed(3)
    scores = torch.cat([model(x) for x in X.split(8)])
    value = loss(Y, scores)
    value.backward()
    expected, after = gradient(model), torch.get_rng_state()
    torch.manual_seed(3)
    assert_same(backward_in_parts(loss, model, split(X, Y)), value.detach())
    assert_same(gradient(model), expected)
    assert torch.equal(torch.get_rng_state(), after)


def batch_norm():
    return torch.nn.BatchNorm1d(8)


def test_batch_norm_by_micro_batch_with_statistics_of_one_pass():
    loss, model, once = LOSSES["f2"], network(middle=batch_norm), network(middle=batch_norm)
    value = loss(Y, torch.cat([once(x) for x in X.split(8)]))
    value.backward()
    assert_same(backward_in_parts(loss, model, split(X, Y)), value.detach())
    assert_same(gradient(model), gradient(once))
    for x, expected in zip(model.buffers(), once.buffers(), strict=True):
        torch.testing.assert_close(x, expected, rtol=0, atol=0)


class Drifting(torch.nn.Module):
    """A layer whose output depends on how often it was called, as that of spectral norm does."""

    def __init__(self):
        super().__init__()
        self.register_buffer("calls", torch.zeros(()))

    def forward(self, x):
        self.calls += 1
        return x / self.calls.item()


def test_buffers_go_the_same_way_twice():
    loss, model, once = LOSSES["f2"], network(middle=Drifting), network(middle=Drifting)
    value = loss(Y, torch.cat([once(x) for x in X.split(8)]))
    value.backward()
    assert_same(backward_in_parts(loss, model, split(X, Y)), value.detach())
    assert_same(gradient(model), gradient(once))
    with pytest.raises(ValueError, match="got other scores or labels in part 1"):
        backward_in_parts(loss, lambda x: model(x), split(X, Y))


@pytest.mark.parametrize("shuffle", [False, True])
def test_data_loader(shuffle):
    loss, model = LOSSES["kappa"], network()
    loader = torch.utils.data.DataLoader(
        torch.utils.data.TensorDataset(X, Y), batch_size=8, shuffle=shuffle
    )
    value, expected = whole(loss, model, X, Y)
    assert_same(backward_in_parts(loss, model, loader), value)
    assert_same(gradient(model), expected)


def test_parts_that_differ_between_the_passes():
    loss, model = LOSSES["kappa"], network()
    loader = torch.utils.data.DataLoader(
        torch.utils.data.TensorDataset(X, Y),
        batch_size=8,
        shuffle=True,
        generator=torch.Generator().manual_seed(0),
    )
    with pytest.raises(
        ValueError, match=r"`parts` and `forward` .* other scores or labels in part"
    ):
        backward_in_parts(loss, model, loader)
    with ss.checks(False):  # another order of the same examples, which is harmless
        backward_in_parts(loss, model, loader)


class Growing:
    """Parts whose number changes from pass to pass."""

    def __init__(self, by):
        self.n, self.by = 3, by

    def __iter__(self):
        self.n += self.by
        return iter(split(X, Y)[: self.n])


@pytest.mark.parametrize(("by", "message"), [(1, "4 parts, then more"), (-1, "2 parts, then 1")])
def test_another_number_of_parts(by, message):
    with pytest.raises(ValueError, match=message):
        backward_in_parts(LOSSES["f2"], network(), Growing(by))


def test_scores_of_another_shape_in_the_second_pass():
    model, calls = network(CLASSES), []

    def forward(x):
        calls.append(x)
        return model(x)[:, : 10 if len(calls) == 1 else 9]

    class Labels:
        def __iter__(self):
            return iter([(X, Y10[:, : 9 if calls else 10])])

    with pytest.raises(ValueError, match="other scores or labels in part 1"):
        backward_in_parts(LOSSES["macro f1"], forward, Labels())


def test_a_mean_of_parts_of_other_lengths():
    """Cross-entropy by its two sums, which a mean of means is not."""
    parts = [(X[:50], Y[:50]), (X[50:], Y[50:], {"sample_weight": WEIGHT[50:]})]
    weights = torch.cat([torch.ones(50, dtype=torch.float64), WEIGHT[50:]])
    model = network()
    value, expected = whole(ENTROPY, model, X, Y, sample_weight=weights)
    found = backward_in_parts(ENTROPY, model, parts)
    assert_same(found, value)
    assert_same(gradient(model), expected)


# Wrong arguments


@pytest.mark.parametrize(
    ("changed", "error", "message"),
    [
        ({"loss": ss.as_score(ss.f1)}, TypeError, "`loss` must be what as_loss returned"),
        ({"loss": ss.f1}, TypeError, "`loss` must be what as_loss returned"),
        ({"loss": ss.pairwise_loss}, TypeError, "pairwise_loss has no counts that add up"),
        ({"parts": iter([(X, Y)])}, TypeError, "twice, got list_iterator; pass a list"),
        ({"parts": (x for x in [(X, Y)])}, TypeError, "twice, got generator; pass a list"),
        ({"parts": []}, ValueError, "`parts` must hold at least one micro-batch, got none"),
        ({"parts": [(X, Y), (X[:0], Y[:0])]}, ValueError, "must not be empty"),
        ({"parts": [X]}, TypeError, r"`parts` must hold \(inputs, y_true\) or .* got tensor"),
        ({"parts": [(X, Y, WEIGHT)]}, TypeError, "must be a dict .* got Tensor"),
        ({"parts": [(X, Y, {"weight": WEIGHT})]}, TypeError, "unexpected keyword argument"),
        ({"forward": torch.no_grad()(network())}, ValueError, "got none for part 1"),
        (
            {"loss": ss.as_loss(ss.f1, step=ss.Hard(), from_logits=True)},
            ValueError,
            "scores with gradients, got none for part 1; a hard step has none",
        ),
    ],
)
def test_wrong_arguments(changed, error, message):
    arguments = {"loss": LOSSES["f2"], "forward": network(), "parts": split(X, Y)} | changed
    with pytest.raises(error, match=message):
        backward_in_parts(**arguments)
