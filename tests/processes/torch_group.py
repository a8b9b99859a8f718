"""One process of a group: train over its shards, and write what it found for the tests to judge.

python torch_group.py RANK WORLD FOLDER
"""

import functools
import os
import sys
import time
import warnings
from datetime import timedelta

import torch
import torch.distributed as dist
from torch.nn.parallel import DistributedDataParallel

import softset as ss
from softset_backends.torch import MetricLoss, MetricScore, all_reduce, backward_in_parts

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
    found |= of_groups(rank, world)
    found |= of_checks(rank, world)
    found |= of_streams(rank, world)
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


def in_groups():
    """Return a gap's loss, and labels, scores and groups, one of which no other process has."""
    loss = ss.as_loss(ss.largest_gap(ss.recall), num_groups=3)
    generator = torch.Generator().manual_seed(7)
    y = torch.rand(N, generator=generator) < 0.5
    p = torch.rand(N, dtype=torch.float64, generator=generator)
    return loss, y, p, torch.where(torch.arange(N) < 2, 2, torch.arange(N) % 2)


def of_groups(rank, world):
    """The gap between groups, and its gradient in this process's scores."""
    loss, *arrays = in_groups()
    y, p, groups = (v.split(shards(world))[rank] for v in arrays)
    p.requires_grad_()
    value = loss(y, p, groups=groups, reduce=all_reduce)
    return {"groups": (value.detach(), *torch.autograd.grad(value, p))}


def of_checks(rank, world):
    """Checks that are on in the first process only, and processes without rows."""
    found, loss = {}, LOSSES["macro f1"]
    x, y = (v.split(shards(world))[rank] for v in data(loss))
    with ss.checks(rank == 0):
        found["checks of one"] = loss(y, network(loss)(x), reduce=all_reduce).detach()
        c = ss.Confusion(*torch.ones(4, 2 if rank == 0 else 3))
        found["checks of one", "shapes"] = error_of(lambda: all_reduce(c))
        # Four counts have as many bytes as the message of shapes.
        c = ss.Confusion(*torch.ones(4) * (rank + 1))
        found["checks of one", "numbers"] = torch.stack(all_reduce(c))
    for name, loss in LOSSES.items():
        for kind in (lambda loss: loss, in_order):
            # The last process has all rows, the others have none.
            x, y = data(loss)
            x, y = (x, y) if rank == world - 1 else (x[:0], y[:0])
            model = distributed(loss)
            value = kind(loss)(y, model(x), reduce=all_reduce)
            value.backward()
            gradient = torch.cat([p.grad.flatten() for p in model.parameters()])
            found["no rows", name, kind is in_order] = value.detach(), gradient
    return found


def in_order(loss):
    module = MetricLoss(loss.metric, axis=loss.axis, from_logits=True)
    return lambda y, z, **options: module(z, y, **options)


def of_streams(rank, world):
    """A MetricScore on processes of which the first has no rows, and on ones that differ."""
    found, loss = {}, LOSSES["macro f1"]
    _, y = data(loss)
    p = scores_of(y)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "The ``compute`` method")  # torchmetrics', of no batch
        for how in ("no update", "empty", "empty call"):
            score = MetricScore(ss.f1, threshold=0.5, axis=0)
            if rank:
                for rows in torch.arange(N).split(shards(world - 1))[rank - 1].split(7):
                    score.update(p[rows], y[rows])
            elif how == "empty":
                score.update(p[:0], y[:0])
            elif how == "empty call":
                score(p[:0], y[:0])
            found["stream", how, "before"] = error_of(lambda score=score: score.confusion)[0]
            found["stream", how, "mean"] = score.compute()
            with score.sync_context():
                found["stream", how] = ss.f1(score.confusion)
        for name, classes in {"other": [3, 2, 3], "other and none": [0, 3, 2]}.items():
            score = MetricScore(ss.macro(ss.f1), threshold=0.5, axis=0)
            number = classes[rank % 3] if world > 2 else [3, 2][rank]
            if number:
                score.update(p[:, :number], y[:, :number])
            found["stream", name] = error_of(score.compute)
            score.reset()
            score.update(p, y)  # and goes on
            found["stream", name, "after"] = score.compute()
        score = MetricScore(ss.f1, axis=-1)
        score.update(*((p, y) if rank == 0 else (p[:, 0], y[:, 0])))
        found["stream", "mean and counts"] = error_of(score.compute)
        found["stream", "nothing"] = error_of(MetricScore(ss.f1).compute)
    return found


def scores_of(y):
    noise = torch.rand(y.shape, generator=torch.Generator().manual_seed(6))
    return 0.3 * y.float() + 0.7 * noise


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


if __name__ == "__main__":
    work(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3])
