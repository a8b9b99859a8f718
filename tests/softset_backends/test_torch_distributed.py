"""Data parallel training in PyTorch equals training on the whole batch."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import softset as ss
from tests.support.referees import sklearn

torch = pytest.importorskip("torch", reason="torch is not installed")
if not (torch.distributed.is_available() and torch.distributed.is_gloo_available()):
    pytest.skip("this build of PyTorch has no gloo", allow_module_level=True)

from softset_backends.torch import all_reduce  # noqa: E402
from tests.processes.torch_group import (  # noqa: E402
    LOSSES,
    batch_norm,
    data,
    in_groups,
    network,
    scores_of,
    shards,
    step,
    train,
)

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "tests" / "processes" / "torch_group.py"


# What the processes found


@pytest.fixture(
    scope="module", params=[2, pytest.param(3, marks=pytest.mark.exhaustive)], ids="{}p".format
)
def found(request, tmp_path_factory):
    """Return what each process of a group found."""
    folder, world = tmp_path_factory.mktemp("group"), request.param
    paths = os.pathsep.join((str(ROOT), str(ROOT / "backends")))
    env = os.environ | {"PYTHONPATH": paths, "OMP_NUM_THREADS": "1"}
    processes = [
        subprocess.Popen(
            [sys.executable, SCRIPT, str(rank), str(world), str(folder)],
            env=env,
            stderr=subprocess.PIPE,
        )
        for rank in range(world)
    ]
    try:
        for process in processes:
            _, errors = process.communicate(timeout=120)
            assert process.returncode == 0, errors.decode()[-3000:]
    finally:
        for process in processes:
            process.kill()
            process.wait()
            process.stderr.close()
    return [torch.load(folder / f"{rank}.pt") for rank in range(world)]


def assert_same(found, expected, atol=1e-10):
    """Compare with atol of 1e-10: twenty steps make the rounding of sums grow."""
    torch.testing.assert_close(found, expected, rtol=0, atol=atol)


in_the_group_of_two = pytest.mark.parametrize("found", [2], ids=["2p"], indirect=True)


@pytest.mark.parametrize("how", ["even", "uneven"])
@pytest.mark.parametrize("name", LOSSES)
def test_training_is_that_on_the_whole_batch(found, name, how):
    loss = LOSSES[name]
    weights, values = train(network(loss), step(loss, *data(loss)))
    assert values[-1] < values[0] - 0.05  # it trains
    for process in found:
        assert_same(process[name, how], (weights, values))
        assert_same(process[name, how, "parts"], (weights, values))


@pytest.mark.parametrize("how", ["even", "uneven"])
@pytest.mark.parametrize("name", LOSSES)
def test_losses_of_single_processes_train_something_else(found, name, how):
    for process in found:
        weights, values = process[name, how]
        weights_alone, values_alone = process[name, how, "alone"]
        assert (weights - weights_alone).abs().max() > 1e-2
        assert (values - values_alone).abs().max() > 1e-2


@pytest.mark.parametrize("shape", [(), (2, 3)])
def test_sums_and_derivatives(found, shape):
    """The cube of the sum s on each of W processes: slopes 3 W s^2, second ones 6 W^2 s."""
    world = len(found)
    total = sum(range(1, world + 1)) * torch.ones(4, *shape).cumsum(0)
    for process in found:
        expected = total, 3 * world * total**2, 6 * world**2 * total
        assert_same(process["counts", shape], expected, atol=0)


def test_gaps_between_groups_are_those_of_all_processes(found):
    loss, y, p, groups = in_groups()
    p.requires_grad_()
    value = loss(y, p, groups=groups)
    (gradient,) = torch.autograd.grad(value, p)
    world, parts = len(found), gradient.split(shards(len(found)))
    assert all(part.any() for part in parts)
    for process, part in zip(found, parts, strict=True):
        # Of the mean over the processes, which DistributedDataParallel takes.
        assert_same(process["groups"], (value.detach(), world * part), atol=1e-13)


@pytest.mark.parametrize(
    ("case", "message"),
    [
        ("same length", r"rank 0: torch.float32 of shape \(2, 3\); rank 1: .* \(3, 2\)"),
        ("other length", r"rank 0: torch.float32 of shape \(5,\); rank 1: .* \(4,\)"),
        ("scalar", r"rank 0: torch.float32 of shape \(\); rank 1: .* \(1,\)"),
        ("dtype", r"rank 0: torch.float64 of shape \(1,\); rank 1: torch.float32 .* \(2,\)"),
    ],
)
def test_counts_that_do_not_fit_are_an_error_everywhere(found, case, message):
    for process in found:
        error, seconds = process[case]
        assert re.match(f"ValueError: `confusion` must have one shape .* {message}", error)
        assert seconds < 30


def test_checks_of_one_process_are_all_the_same_to_the_others(found):
    loss = LOSSES["macro f1"]
    x, y = data(loss)
    world = len(found)
    for process in found:
        assert_same(process["checks of one"], loss(y, network(loss)(x)).detach(), atol=1e-13)
        assert_same(process["checks of one", "numbers"], torch.ones(4) * sum(range(world + 1)), 0)
        error, seconds = process["checks of one", "shapes"]
        assert re.match(r"ValueError: `confusion` .* rank 0: .* \(2,\); rank 1: .* \(3,\)", error)
        assert seconds < 30


@pytest.mark.parametrize("module", [False, True], ids=["function", "module"])
@pytest.mark.parametrize("name", LOSSES)
def test_processes_without_rows_add_zeros(found, name, module):
    loss = LOSSES[name]
    model = network(loss)
    x, y = data(loss)
    value = loss(y, model(x))
    value.backward()
    expected = value.detach(), torch.cat([p.grad.flatten() for p in model.parameters()])
    for process in found:
        assert_same(process["no rows", name, module], expected, atol=1e-13)


@pytest.mark.parametrize("how", ["no update", "empty", "empty call"])
def test_stream_with_a_process_without_rows(found, how):
    _, y = data(LOSSES["macro f1"])
    expected = torch.tensor(sklearn.f1_score(y, scores_of(y) >= 0.5, average=None))
    for rank, process in enumerate(found):
        assert_same(process["stream", how], expected, atol=1e-13)
        assert_same(process["stream", how, "mean"], expected.mean(), atol=1e-13)
        nothing = rank == 0 and how == "no update"
        assert ("nothing to compute" in process["stream", how, "before"]) == nothing


@pytest.mark.parametrize("name", ["other", "other and none"])
def test_stream_of_other_classes_is_an_error_everywhere(found, name):
    _, y = data(LOSSES["macro f1"])
    expected = sklearn.f1_score(y, scores_of(y) >= 0.5, average="macro")
    expected = torch.tensor(expected, dtype=torch.float64)
    counts = r"\(3,\); rank 1: \(2,\)"
    if len(found) > 2:
        counts = {"other": counts + r"; rank 2: \(3,\)"}.get(
            name, r"no batch; rank 1: \(3,\); rank 2: \(2,\)"
        )
    message = f"ValueError: `input` must have the same classes on all .* of shape rank 0: {counts};"
    for process in found:
        error, seconds = process["stream", name]
        assert re.match(message, error), error
        assert seconds < 30
        assert_same(process["stream", name, "after"], expected, atol=1e-13)


def test_stream_of_means_and_of_counts_is_an_error_everywhere(found):
    message = (
        r"ValueError: `input` must have as many dimensions on all processes, got rank 0: a mean "
        r"over examples; rank 1: \(\);.* with axis=-1 a batch of one dimension .* as a whole$"
    )
    for process in found:
        error, seconds = process["stream", "mean and counts"]
        assert re.match(message, error), error
        assert seconds < 30


def test_stream_without_any_batch_is_an_error_everywhere(found):
    for process in found:
        assert process["stream", "nothing"][0].startswith("RuntimeError: there is nothing to comp")


def test_process_that_is_late_or_gone(found):
    error, seconds = found[0]["late"]
    assert re.match("RuntimeError: .*Timed out waiting 3000ms", error)
    assert 3 <= seconds < 60
    error, seconds = found[0]["left behind"]
    assert re.match("RuntimeError: .*(closed by peer|reset by peer)", error)
    assert seconds < 60
    assert [process["late"][0] for process in found[1:]] == ["none"] * (len(found) - 1)


@in_the_group_of_two
def test_without_checks(found):
    loss = LOSSES["f1"]
    x, y = data(loss)
    for process in found:
        assert_same(process["unchecked"], loss(y, network(loss)(x)).detach(), atol=1e-13)


@in_the_group_of_two
def test_group(found):
    loss = LOSSES["f1"]
    x, y = data(loss)
    for rank, process in enumerate(found):
        shard = loss(y.chunk(2)[rank], network(loss)(x.chunk(2)[rank])).detach()
        assert_same(process["group"], shard, atol=1e-13)
        error, _ = process["other group"]
        assert error == f"ValueError: `group` does not hold this process, rank {rank}"


@in_the_group_of_two
def test_compiled(found):
    for process in found:
        assert_same(process["compiled"], process["f1", "even"])


@in_the_group_of_two
def test_parts_with_batch_norm_and_other_numbers_of_parts(found):
    loss = LOSSES["f1"]
    model = network(loss, middle=batch_norm)
    x, y = data(loss)
    shards = zip(x.chunk(2), (6, 8), strict=True)
    value = loss(y, torch.cat([model(part) for half, n in shards for part in half.split(n)]))
    value.backward()
    expected = value.detach(), torch.cat([p.grad.flatten() for p in model.parameters()])
    for process in found:
        assert_same(process["batch norm"], expected, atol=1e-13)


@in_the_group_of_two
def test_parts_exchange_gradients_once(found):
    assert [process["exchanges"] for process in found] == [1, 1]


# Without a group


def test_no_process_group():
    loss, (x, y) = LOSSES["f1"], data(LOSSES["f1"])
    with pytest.raises(RuntimeError, match=r"torchrun and call torch.distributed.init_process_gr"):
        loss(y, network(loss)(x), reduce=all_reduce)


@pytest.mark.parametrize("wrong", [torch.ones(4), ss.Confusion(1.0, 0.0, 0.0, 1.0)])
def test_not_counts(wrong):
    with pytest.raises(TypeError, match=r"`confusion` must be a Confusion or .* of tensors, got"):
        all_reduce(wrong)
