"""The share of a training step that a loss takes: nothing is timed here."""

import pytest

torch = pytest.importorskip("torch")

from benchmarks import step  # noqa: E402


def test_shares_are_of_neighbours():
    # Step and loss alone, of two losses, on a machine that becomes three times slower.
    times = [[0.10, 0.01, 0.20, 0.04], [0.30, 0.03, 0.60, 0.12], [0.30, 0.03, 0.60, 0.12]]
    first, second = step.shares(times)
    assert first == pytest.approx((30, 300, 10, 1), rel=1e-12)
    assert second == pytest.approx((120, 600, 20, 2), rel=1e-12)


@pytest.fixture(scope="module")
def cases():
    return step.cases(quick=True)


def test_softset_s_losses_are_one_and_their_slopes_reach_the_weights(cases):
    for case in cases:
        logits = case.model(case.inputs)
        found = {name: loss(logits, case.targets).item() for name, loss in case.losses.items()}
        usual, plain, module = found.values()
        assert usual > 0
        assert plain == pytest.approx(module, rel=1e-5)  # float32 sums of 30,000 numbers
        case.losses["MetricLoss"](logits, case.targets).backward()
        for name, weights in case.model.named_parameters():
            assert weights.grad is not None, name


def test_a_step_moves_the_weights_and_the_loss_alone_does_not(cases):
    case = cases[0]
    before = [x.detach().clone() for x in case.model.parameters()]
    whole, alone = step.calls(case, case.losses["as_loss"])
    alone()
    assert all(torch.equal(a, b) for a, b in zip(before, case.model.parameters(), strict=True))
    whole()
    assert not any(torch.equal(a, b) for a, b in zip(before, case.model.parameters(), strict=True))


def test_every_loss_has_a_row_and_a_compiled_one(cases, monkeypatch):
    monkeypatch.setattr(step, "compiled", lambda fn: fn)
    monkeypatch.setattr(step, "in_turn", lambda calls, limits: [[0.01] * len(calls)] * 3)
    found = step.rows(cases[0], step.QUICK)
    assert len(found) == 6
    assert found[2].endswith("| MetricLoss | 10.000 | 10.00 | 100.00 % | 1.000 |")
    assert "| MetricLoss, compiled |" in found[5]
