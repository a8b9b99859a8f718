"""Hugging Face's Trainer, as its page shows it: what it logs, and whose gradient it takes."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import softset as ss
from tests.support.referees import HALF, SINGLE, SUMMED, sklearn

torch = pytest.importorskip("torch", reason="torch is not installed")
transformers = pytest.importorskip("transformers", reason="transformers is not installed")
pytest.importorskip("accelerate", reason="accelerate is not installed")

from tests.processes.trainer_group import (  # noqa: E402
    LABELS,
    LOSSES,
    MACRO,
    ROWS,
    TOKENS,
    Y,
    gradient,
    logged,
    network,
    shown,
    train,
)

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "tests" / "processes" / "trainer_group.py"


@pytest.fixture(scope="module")
def exact():
    """Return the subclass that the page shows."""
    return shown()


def at_once(loss, model, labels=Y):
    """Return the loss of all rows and its gradient, by one forward and one backward pass."""
    value = loss(labels.to(model.dtype), model(input_ids=TOKENS).logits)
    model.zero_grad()
    value.backward()
    return value.item(), gradient(model)


def assert_same(found, expected, rtol):
    torch.testing.assert_close(found, expected, rtol=0, atol=rtol * expected.abs().max().item())


# The subclass: exact


@pytest.mark.parametrize("size", [24, 12, 7], ids="micro-batches of {}".format)
@pytest.mark.parametrize("name", LOSSES)
def test_gradient_after_all_micro_batches_is_that_of_the_whole(exact, tmp_path, name, size):
    loss = LOSSES[name]
    value, expected = at_once(loss, network().double())
    assert expected.abs().max() > 1e-3
    trainer, (found,) = train(
        exact, tmp_path, network().double(), size=size, options={"loss": loss}
    )
    assert_same(found, expected, SUMMED)
    assert abs(logged(trainer) - value) < SINGLE


def test_gradient_in_float32(exact, tmp_path):
    value, expected = at_once(MACRO, network())
    trainer, (found,) = train(exact, tmp_path, network(), size=7, options={"loss": MACRO})
    assert_same(found, expected, SINGLE)
    assert abs(logged(trainer) - value) < SINGLE


def test_each_step_has_the_counts_of_its_own_batch(exact, tmp_path):
    """Two steps of the optimizer, the second of them shorter, and an evaluation between."""
    seen = []

    class Watched(exact):
        def training_step(self, model, inputs, num_items_in_batch=None):
            seen.append(inputs)
            return super().training_step(model, inputs, num_items_in_batch)

    arguments = {"gradient_accumulation_steps": 3, "eval_strategy": "steps", "eval_steps": 1}
    model = network().double()
    _, found = train(Watched, tmp_path, model, size=5, options={"loss": MACRO}, **arguments)
    assert [len(part["labels"]) for part in seen] == [5, 5, 5, 5, 4]
    for parts, of_step in zip((seen[:3], seen[3:]), found, strict=True):
        tokens, labels = (torch.cat([p[key] for p in parts]) for key in ("input_ids", "labels"))
        model.zero_grad()
        MACRO(labels.double(), model(input_ids=tokens).logits).backward()
        assert_same(of_step, gradient(model), SUMMED)


def test_both_passes_draw_the_same_dropout(exact, tmp_path):
    seen = []

    class Watched(exact):
        def counts(self, model, labels, **inputs):
            seen.append(super().counts(model, labels, **inputs))
            return seen[-1]

        def part_of_loss(self, outputs, labels, num_items_in_batch):
            if self.model.training:
                seen.append(self.loss.confusion(labels, outputs.logits.detach()))
            return super().part_of_loss(outputs, labels, num_items_in_batch)

    arguments = {"num_train_epochs": 2, "eval_strategy": "epoch"}
    options = {"loss": MACRO}
    train(Watched, tmp_path, network(dropout=0.5), size=7, options=options, **arguments)
    counts = torch.stack([torch.stack(tuple(c)) for c in seen]).reshape(2, 2, 4, 4, LABELS)
    first, second = counts[:, 0], counts[:, 1]  # of each epoch: a pass of four parts, and another
    torch.testing.assert_close(first, second, rtol=0, atol=SINGLE)
    assert (first[0] - first[1]).abs().max() > 0.01  # other masks and parts in each epoch


def test_cross_entropy_beside_the_metric(exact, tmp_path):
    class Both(exact):
        def part_of_loss(self, outputs, labels, num_items_in_batch):
            share = labels.numel() / num_items_in_batch
            entropy = ss.cross_entropy(labels, outputs.logits, from_logits=True)
            return super().part_of_loss(outputs, labels, num_items_in_batch) + share * entropy

    def whole(y_true, logits):
        entropy = torch.nn.functional.binary_cross_entropy_with_logits(logits, y_true)
        return MACRO(y_true, logits) + entropy

    value, expected = at_once(whole, network().double())
    trainer, (found,) = train(Both, tmp_path, network().double(), size=7, options={"loss": MACRO})
    assert_same(found, expected, SINGLE)  # the share is a float32
    assert abs(logged(trainer) - value) < SINGLE


def test_unknown_labels(exact, tmp_path):
    """Labels of -100 are left out of the counts, and of num_items_in_batch."""
    known = torch.rand(Y.shape, generator=torch.Generator().manual_seed(4)) < 0.7

    class Masked(exact):
        def counts(self, model, labels, **inputs):
            return self.loss.confusion(labels, model(**inputs).logits, where=labels != -100)

        def part_of_loss(self, outputs, labels, num_items_in_batch):
            linear = self.linear(labels, outputs.logits, where=labels != -100)
            share = (labels != -100).sum() / num_items_in_batch
            return linear + (share * self.value - linear).detach()

    def whole(y_true, logits):
        return MACRO(y_true, logits, where=known)

    value, expected = at_once(whole, network().double())
    labels = torch.where(known, Y, -100)
    trainer, (found,) = train(
        Masked, tmp_path, network().double(), size=7, labels=labels, options={"loss": MACRO}
    )
    assert_same(found, expected, SUMMED)
    assert abs(logged(trainer) - value) < SINGLE


def test_autocast(exact, tmp_path):
    """In bfloat16 the loss is float32, and exact for the scores that come out."""
    _, (expected,) = train(exact, tmp_path, network(), options={"loss": MACRO}, bf16=True)
    value, _ = at_once(MACRO, network())
    trainer, (found,) = train(
        exact, tmp_path, network(), size=7, options={"loss": MACRO}, bf16=True
    )
    assert trainer.linear.slopes.tp.dtype == trainer.value.dtype == torch.float32
    assert_same(found, expected, 10 * HALF)  # gradients rounded to bfloat16 for each micro-batch
    assert abs(logged(trainer) - value) < 10 * HALF


@pytest.mark.exhaustive
def test_processes_have_the_gradient_of_the_whole(tmp_path):
    """Two processes with four micro-batches each, of three rows."""
    value, expected = at_once(MACRO, network().double())
    paths = os.pathsep.join((str(ROOT), str(ROOT / "backends")))
    launch = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"]
    done = subprocess.run(
        [*launch, SCRIPT, tmp_path],
        env=os.environ | {"PYTHONPATH": paths, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    for rank in "01":
        found_value, found = torch.load(tmp_path / f"{rank}.pt")
        assert_same(found, expected, SUMMED)
        assert abs(found_value - value) < SINGLE


# Without it


def functions(values):
    """Return functions for `compute_loss_func` that keep the loss of each micro-batch."""

    def naive(outputs, labels, num_items_in_batch):
        value = MACRO(labels, outputs.logits)
        values.append((value.item(), labels.numel(), num_items_in_batch.item()))
        return value

    def share(outputs, labels, num_items_in_batch):
        value = naive(outputs, labels, num_items_in_batch)
        return value * labels.numel() / num_items_in_batch

    return {"naive": naive, "share": share}


def run(name, folder, model, size=7):
    values = []
    options = {"compute_loss_func": functions(values)[name]}
    trainer, (found,) = train(transformers.Trainer, folder, model, size=size, options=options)
    return trainer, found, values


def test_naive_loss_is_logged_as_the_sum_of_the_micro_batches(tmp_path):
    trainer, _, values = run("naive", tmp_path, network().double())
    assert len(values) == 4
    mean = sum(value for value, _, _ in values) / 4
    assert abs(logged(trainer) / mean - 4) < SINGLE  # four times too large


def test_num_items_is_the_number_of_labels_of_the_step(tmp_path):
    _, _, values = run("naive", tmp_path, network())
    assert [items for _, _, items in values] == 4 * [ROWS * LABELS]
    assert sum(size for _, size, _ in values) == ROWS * LABELS


def test_shares_are_logged_as_the_mean_of_the_micro_batches(tmp_path):
    trainer, _, values = run("share", tmp_path, network().double())
    mean = sum(value * size for value, size, _ in values) / (ROWS * LABELS)
    assert abs(logged(trainer) - mean) < SINGLE


@pytest.mark.parametrize("name", ["naive", "share"])
def test_neither_has_the_gradient_of_the_whole(tmp_path, name):
    _, expected = at_once(MACRO, network().double())
    _, found, _ = run(name, tmp_path, network().double())
    off = (found / found.norm() - expected / expected.norm()).abs().max()
    assert off > 0.01 * (expected / expected.norm()).abs().max()


# Evaluation


def test_evaluation_has_the_loss_itself_and_the_metric_of_all_rows(exact, tmp_path):
    score = ss.as_score(ss.macro(ss.f1), threshold=0.5, axis=0, from_logits=True)

    def metrics(prediction):
        assert len(prediction.predictions) == ROWS
        return {"f1": float(score(prediction.label_ids, prediction.predictions))}

    model = network()
    options = {"loss": MACRO, "compute_metrics": metrics}
    trainer, _ = train(
        exact, tmp_path, model, size=7, options=options, per_device_eval_batch_size=9
    )
    found = trainer.evaluate()
    with torch.no_grad():
        logits = model(input_ids=TOKENS).logits
    expected = sklearn.f1_score(Y, logits >= 0, average="macro")
    assert abs(found["eval_f1"] - expected) < SINGLE
    with torch.no_grad():
        batches = [MACRO(y, z).item() for y, z in zip(Y.split(9), logits.split(9), strict=True)]
    mean = sum(value * size for value, size in zip(batches, (9, 9, 6), strict=True)) / ROWS
    assert abs(found["eval_loss"] - mean) < SINGLE
