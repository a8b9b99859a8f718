"""Sum MetricScores over two processes, as torchmetrics' metric and without torchmetrics.

python torch_scores.py STORE torchmetrics|plain
"""

import sys
import warnings

import torch

import softset as ss
import softset_backends.torch as sbt


def equal(found, expected):
    return torch.isclose(found, expected.double(), rtol=1e-13, atol=0)


def check(kind, rank):
    torch.manual_seed(0)
    scores, labels = torch.rand(60, 3).double(), torch.rand(60, 3) < 0.4
    share = slice(0, 45) if rank == 0 else slice(45, 60)
    score, plain = kind(ss.f1), ss.as_score(ss.f1)
    # The value of a batch is that of one process, and computing leaves it its own counts.
    assert equal(score(scores[share], labels[share]), plain(labels[share], scores[share]))
    assert equal(score.compute(), plain(labels, scores))
    more = slice(0, 45) if rank == 0 else slice(45, 48)
    score.update(scores[more], labels[more])
    both = torch.cat([labels, labels[:48]]), torch.cat([scores, scores[:48]])
    assert equal(score.compute(), plain(*both))
    assert equal(score.values(), plain(*both))
    with score.sync_context():
        assert equal(score.values(), plain(*both))

    # One process has seen no batch, and does not know how many classes there are.
    options = {"axis": 0, "thresholds": (0.3, 0.5)}
    metric = ss.macro(ss.f1, axis=0)
    score = kind(metric, **options)
    for _ in range(2):
        if rank == 1:
            score.update(scores, labels)
        assert equal(score.compute(), ss.as_score(metric, **options)(labels, scores))
        score.reset()

    # An exact area gathers the scores, of which the processes have not equally many, or none.
    score, plain = kind(ss.auroc, axis=0), ss.as_score(ss.auroc, axis=0)
    score.update(scores[share], labels[share])
    assert equal(score.compute(), plain(labels, scores))
    assert torch.allclose(score.values(), plain.values(labels, scores), rtol=1e-13, atol=0)
    more = slice(0, 1) if rank == 0 else slice(1, 12)
    score.update(scores[more], labels[more])  # and each has gone on with its own
    both = torch.cat([labels, labels[:12]]), torch.cat([scores, scores[:12]])
    assert equal(score.compute(), plain(*both))
    score.reset()
    for _ in range(2):
        if rank == 1:
            score.update(scores.float(), labels)
        assert equal(score.compute(), plain(labels, scores.float().double()))
        score.reset()
    score.update(scores.to(torch.float32 if rank else torch.float64)[share], labels[share])
    score.compute()  # of two dtypes
    score.reset()
    score.update(scores[:, rank:], labels[:, rank:])
    try:
        score.compute()
    except ValueError as error:
        assert "the same classes on all processes" in str(error)
    else:
        raise AssertionError
    score.reset()

    try:  # now both have not
        score.compute()
    except RuntimeError as error:
        assert "nothing to compute" in str(error)
    else:
        raise AssertionError


def run(rank, path, others):
    warnings.simplefilter("error")
    warnings.filterwarnings("ignore", message="The ``compute`` method")
    torch.distributed.init_process_group(
        "gloo", init_method=f"file://{path}", rank=rank, world_size=2
    )
    if others == "torchmetrics":
        check(sbt.MetricScore, rank)
    sys.modules["torchmetrics"] = None
    sys.modules.pop("softset_backends.torch.score", None)
    assert "torchmetrics" not in sbt.MetricScore.__mro__[1].__module__
    check(sbt.MetricScore, rank)
    torch.distributed.destroy_process_group()


if __name__ == "__main__":
    assert "torchmetrics" not in sys.modules, "importing softset_backends.torch is slow"
    torch.multiprocessing.spawn(run, sys.argv[1:], nprocs=2)
    print("both done")
