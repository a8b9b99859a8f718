"""Data parallel training in PyTorch equals training on the whole batch.

As a script this file is one process of a group: it writes what it found for the tests to judge.
"""

import functools
import os
import re
import subprocess
import sys
import time
import warnings
from datetime import timedelta
from pathlib import Path

import pytest

import softset as ss

torch = pytest.importorskip("torch", reason="torch is not installed")
if not (torch.distributed.is_available() and torch.distributed.is_gloo_available()):
    pytest.skip("this build of PyTorch has no gloo", allow_module_level=True)

import torch.distributed as dist  # noqa: E402
from torch.nn.parallel import DistributedDataParallel  # noqa: E402

from softset_backends.torch import all_reduce, backward_in_parts  # noqa: E402

ROOT = Path(__file__).parents[2]
N, CLASSES, STEPS = 48, 3, 20

LOSSES = {
    "f1": ss.as_loss(ss.f1, from_logits=True),
    "mcc": ss.as_loss(ss.matthews_corrcoef, from_logits=True),
    "macro f1": ss.as_loss(ss.macro(ss.f1), axis=0, from_logits=True),
}


def data(loss):
    """Return examples in order, so that the shards differ as much as shards can."""
    generator = torch.Generator().manual_seed(5)
    x = torch.randn(N, 4, dtype=torch.float64, generator=generator)
    noise = torch.randn(N, CLASSES, dtype=torch.float64, generator=generator)
    y = x[:, :CLASSES] + 0.5 * noise > torch.tensor([0.2, 0.5, 0.8])
    rows = x[:, 0].argsort()
    return x[rows], (y if loss.axis == 0 else y[:, 0])[rows]


def network(loss, middle=torch.nn.Tanh):
    torch.manual_seed(0)
    last = [torch.nn.Linear(6, CLASSES)]
    if loss.axis is None:
        last = [torch.nn.Linear(6, 1), torch.nn.Flatten(0)]
    return torch.nn.Sequential(torch.nn.Linear(4, 6), middle(), *last).double()


def train(model, backward):
    """Return the parameters after some steps, and the values of the loss."""
    optimizer = torch.optim.SGD(model.parameters(), lr=0.5)
    values = []
    for _ in range(STEPS):
        optimizer.zero_grad()
        values.append(backward(model).detach())
        optimizer.step()
    return parameters(model), torch.stack(values)


def parameters(model):
    return torch.cat([p.detach().flatten() for p in model.parameters()])


def step(loss, x, y, reduce=None):
    """Return what does a forward and a backward pass of a model."""

    def backward(model):
        value = loss(y, model(x), reduce=reduce)
        value.backward()
        return value

    return backward


def in_parts(loss, parts):
    return lambda model: backward_in_parts(loss, model, parts, reduce=all_reduce)


def shards(world):
    """Return how many examples each process gets: as different as that goes."""
    sizes = list(range(3, 3 + world - 1))
    return [*sizes, N - sum(sizes)]


def batch_norm():
    return torch.nn.BatchNorm1d(6)


# One process of a group


def work(rank, world, folder):
    """Run everything that needs several processes."""
    warnings.simplefilter("error")
    dist.init_process_group(
        "gloo",
        init_method=f"file://{folder}/store",
        rank=rank,
        world_size=world,
        timeout=timedelta(seconds=60),
    )
    found = {}
    for name, loss in LOSSES.items():
        for how, sizes in (("even", [N // world] * world), ("uneven", shards(world))):
            x, y = (v.split(sizes)[rank] for v in data(loss))
            found[name, how] = train(distributed(loss), step(loss, x, y, all_reduce))
            found[name, how, "alone"] = train(distributed(loss), step(loss, x, y))
            parts = list(zip(x.split(5), y.split(5), strict=True))
            found[name, how, "parts"] = train(distributed(loss), in_parts(loss, parts))
    found |= of_counts(rank)
    if world == 2:
        found |= of_two(rank)
    found["late"] = error_of(lambda: wait_for_others(rank))
    if rank == 0:
        found["left behind"] = error_of(lambda: all_reduce(ss.Confusion(*torch.ones(4))))
    torch.save(found, f"{folder}/{rank}.pt")
    os._exit(0)  # without a word to the others


def distributed(loss, **options):
    return DistributedDataParallel(network(loss, **options))


def of_counts(rank):
    """Sums, gradients and second derivatives of single counts, and counts that do not fit."""
    found = {}
    for shape in ((), (2, 3)):
        counts = ((1.0 + rank) * torch.ones(4, *shape).cumsum(0)).requires_grad_()
        total = torch.stack(all_reduce(ss.Confusion(*counts)))
        value = (total**3).sum()
        (slope,) = torch.autograd.grad(value, counts, create_graph=True)
        (curvature,) = torch.autograd.grad(slope.sum(), counts)
        found["counts", shape] = total.detach(), slope.detach(), curvature
    shapes = {
        "same length": [(2, 3), (3, 2)],
        "other length": [(5,), (4,)],
        "scalar": [(), (1,)],
    }
    for name, (mine, others) in shapes.items():
        c = ss.Confusion(*torch.ones(4, *(mine if rank == 0 else others)))
        found[name] = error_of(lambda c=c: all_reduce(c))
    # As many bytes as on the other processes, in another dtype.
    c = ss.Confusion(*(torch.ones(4, 2) if rank else torch.ones(4, 1, dtype=torch.float64)))
    found["dtype"] = error_of(lambda: all_reduce(c))
    return found


def of_two(rank):
    """What needs no more than two processes."""
    found, loss = {}, LOSSES["f1"]
    x, y = (v.chunk(2)[rank] for v in data(loss))
    with ss.checks(False):
        found["unchecked"] = loss(y, network(loss)(x), reduce=all_reduce).detach()
    alone = [dist.new_group([r]) for r in (0, 1)]
    reduce = functools.partial(all_reduce, group=alone[rank])
    found["group"] = loss(y, network(loss)(x), reduce=reduce).detach()
    found["other group"] = error_of(
        lambda: all_reduce(ss.Confusion(*torch.ones(4)), alone[1 - rank])
    )
    compiled = torch.compile(
        lambda y, z: loss(y, z, reduce=all_reduce), fullgraph=True, backend="aot_eager"
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch.compile makes warnings of its own
        found["compiled"] = train(distributed(loss), lambda model: backward(compiled(y, model(x))))
    # Batch normalisation has buffers that DistributedDataParallel sends in the forward pass; the
    # processes have other numbers of parts.
    parts = list(zip(*(v.split(6 + 2 * rank) for v in (x, y)), strict=True))
    model = distributed(loss, middle=batch_norm)
    value = in_parts(loss, parts)(model)
    found["batch norm"] = value, torch.cat([p.grad.flatten() for p in model.parameters()])
    model, exchanged = distributed(loss), []
    hook = lambda state, bucket: (exchanged.append(1), mean(bucket))[1]  # noqa: E731
    model.register_comm_hook(None, hook)
    in_parts(loss, parts)(model)
    found["exchanges"] = len(exchanged)
    return found


def backward(value):
    value.backward()
    return value


def mean(bucket):
    work = dist.all_reduce(bucket.buffer(), async_op=True)
    return work.get_future().then(lambda done: done.value()[0] / dist.get_world_size())


def wait_for_others(rank):
    """Wait in rank 0 for processes that are busy elsewhere."""
    group = dist.new_group(timeout=timedelta(seconds=3))
    try:
        if rank == 0:
            all_reduce(ss.Confusion(*torch.ones(4)), group)
    finally:
        dist.barrier()


def error_of(call):
    """Return the error of a call in words, and how long it took."""
    start = time.monotonic()
    try:
        call()
    except Exception as error:
        return f"{type(error).__name__}: {error}", time.monotonic() - start
    return "none", 0.0


# What the processes found


@pytest.fixture(
    scope="module", params=[2, pytest.param(4, marks=pytest.mark.exhaustive)], ids="{}p".format
)
def found(request, tmp_path_factory):
    """Return what each process of a group found."""
    folder, world = tmp_path_factory.mktemp("group"), request.param
    paths = os.pathsep.join((str(ROOT), str(ROOT / "backends")))
    env = os.environ | {"PYTHONPATH": paths, "OMP_NUM_THREADS": "1"}
    processes = [
        subprocess.Popen(
            [sys.executable, __file__, str(rank), str(world), str(folder)],
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
    with pytest.raises(TypeError, match="`confusion` must be a Confusion of tensors, got"):
        all_reduce(wrong)


if __name__ == "__main__":
    work(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3])
