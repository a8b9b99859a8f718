"""The demo on few epochs: what it trains, counts, tunes and writes."""

import dataclasses
import importlib
import sys

import numpy as np
import pytest

import softset as ss
import softset_backends as sb
from softset_backends import registry

for _name in ("matplotlib", "rich"):
    pytest.importorskip(_name, reason=f"{_name} is not installed")
sklearn_metrics = pytest.importorskip("sklearn.metrics", reason="scikit-learn is not installed")

# Not by an import statement: they must come after the skips.
data, fit, report, runner = (
    importlib.import_module(f"softset_backends.demo.{name}")
    for name in ("data", "fit", "report", "runner")
)

OTHERS = tuple(name for name in sb.available() if name != "numpy")
CASES = [(name, loss) for name in data.PROBLEMS for loss in fit.LOSSES]
several = pytest.mark.skipif(not OTHERS, reason="only NumPy is installed")


def problem(name="digits 2 x 2", *, seed=0, epochs=2):
    return data.problem(name, seed=seed, epochs=epochs)


def train(backend, p, loss, batches):
    """Return the weights and the losses of a training run."""
    module, curve = sb.get(backend), []
    with module.double_precision():
        weights = module.fit_mlp(
            fit.LOSSES[loss],
            p.weights,
            p.train.features,
            p.train.labels,
            batches,
            learning_rate=fit.LEARNING_RATE,
            momentum=fit.MOMENTUM,
            on_step=curve.append,
        )
    return weights, curve


@pytest.fixture(scope="module")
def result(tmp_path_factory):
    return runner.run(tmp_path_factory.mktemp("demo"), epochs=2)


def test_every_problem_loss_and_framework_is_run(result):
    done = [(f.problem.name, f.loss, f.backend) for f in result.fits]
    assert done == [(*case, backend) for case in CASES for backend in sb.available()]
    assert len(result.repeats) == runner.SPLITS * len(CASES)
    assert {f.backend for f in result.repeats} == {sb.available()[0]}
    for f in result.fits:
        assert len(f.curve) == len(f.problem.batches)
        assert np.isfinite(f.curve).all()


def test_files_are_written(result):
    text = result.report.read_text(encoding="utf-8")
    for word in (*sb.available(), *data.PROBLEMS, *fit.METRICS, *fit.LOSSES):
        assert word in text
    for f in result.fits:
        numbers = " | ".join(f"{x[1]:.3f}" for x in f.scores.values())
        row = f"| {f.loss} | {f.threshold:.3f} | {f.backend} | {numbers} |"
        assert row in text
    assert result.picture.name in text
    picture = result.picture.read_bytes()
    assert picture.startswith(b"\x89PNG") and len(picture) > 50_000


@several
@pytest.mark.parametrize("name,loss", CASES)
def test_frameworks_follow_one_curve(result, name, loss):
    apart = fit.spread(fit.select(result.fits, name=name, loss=loss))
    # Losses of order 1 in float64: four roundings in the first one, and no more than a thousand
    # after 14 steps that each start from the rounding of the one before.
    assert apart[0] <= 1e-15
    assert apart.max() <= 2e-13


def test_metrics_equal_scikit_learn(result):
    theirs = {
        "precision": lambda y, z: sklearn_metrics.precision_score(y, z, zero_division=0.0),
        "recall": sklearn_metrics.recall_score,
        "F1": lambda y, z: sklearn_metrics.f1_score(y, z, zero_division=0.0),
        "balanced accuracy": sklearn_metrics.balanced_accuracy_score,
        "MCC": sklearn_metrics.matthews_corrcoef,
    }
    assert list(theirs) == list(fit.METRICS)
    for f in result.fits:
        for at, threshold in enumerate((0.5, f.threshold)):
            found = [x[at] for x in f.scores.values()]
            predicted = f.test >= threshold
            expected = [metric(f.problem.test.labels, predicted) for metric in theirs.values()]
            np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-15)


def test_tuned_threshold_is_the_best_of_all(result):
    for f in result.fits:
        y_true = f.problem.valid.labels
        # Every set of positives that a threshold can give is {scores >= one of the scores}.
        values = [sklearn_metrics.f1_score(y_true, f.valid >= cut) for cut in f.valid[:8]]
        positive = f.valid[:, None] >= np.unique(f.valid)
        hits = (positive & (y_true[:, None] == 1)).sum(axis=0)
        best = (2 * hits / (positive.sum(axis=0) + y_true.sum())).max()
        found = sklearn_metrics.f1_score(y_true, f.valid >= f.threshold)
        assert found == pytest.approx(best, rel=1e-12)
        assert found >= max(values) - 1e-12


@pytest.mark.parametrize("name", list(data.PROBLEMS))
def test_split_is_honest(name):
    p = problem(name)
    parts = (p.train, p.valid, p.test)
    labels = data.PROBLEMS[name]()[1]
    np.testing.assert_array_equal(
        np.sort(np.concatenate([part.rows for part in parts])), np.arange(len(labels))
    )
    for part in parts:
        np.testing.assert_array_equal(part.labels, labels[part.rows])
        assert part.labels.mean() == pytest.approx(labels.mean(), abs=1 / len(part.rows))
    # Standardised by the training rows alone; some corner pixels are constant there.
    np.testing.assert_allclose(p.train.features.mean(axis=0), 0, atol=1e-13)
    spread = p.train.features.std(axis=0)
    assert np.all((abs(spread - 1) < 1e-12) | (spread == 0))
    assert max(rows.max() for rows in p.batches) < len(p.train.rows)
    assert all(len(set(rows)) == data.BATCH_SIZE for rows in p.batches)


@pytest.mark.parametrize("loss", list(fit.LOSSES))
def test_test_rows_are_not_looked_at(loss):
    p = problem()
    test = p.test._replace(features=-p.test.features, labels=1 - p.test.labels)
    one = fit.fit(p, loss, "numpy", lambda: None)
    other = fit.fit(dataclasses.replace(p, test=test), loss, "numpy", lambda: None)
    assert one.threshold == other.threshold
    np.testing.assert_array_equal(one.curve, other.curve)
    np.testing.assert_array_equal(one.valid, other.valid)
    assert not np.array_equal(one.scores["F1"], other.scores["F1"])


def test_problems_are_the_same_for_one_seed_only():
    one, same, other = problem(), problem(), problem(seed=1)
    np.testing.assert_array_equal(one.test.rows, same.test.rows)
    np.testing.assert_array_equal(one.batches, same.batches)
    assert set(one.test.rows) != set(other.test.rows)
    assert not np.array_equal(one.weights[0], other.weights[0])


def test_coarse_digits_are_block_means():
    fine, _ = data.digits(8)
    coarse, labels = data.digits(2)
    np.testing.assert_allclose(coarse[:, 1], fine.reshape(-1, 8, 8)[:, :4, 4:].mean(axis=(1, 2)))
    assert labels.sum() == 174
    assert data.breast_cancer()[1].sum() == 212


def test_probabilities_do_not_overflow():
    matrix, bias = np.asarray([[1.0]]), np.zeros(1)
    found = data.probabilities([matrix, bias], np.asarray([[-800.0], [0.0], [800.0]]))
    np.testing.assert_array_equal(found, [np.exp(-800.0), 0.5, 1.0])


@pytest.mark.parametrize("loss", list(fit.LOSSES))
@pytest.mark.parametrize("backend", OTHERS or [pytest.param("", marks=several)])
def test_training_equals_numpy_step_by_step(backend, loss):
    p = problem("digits 8 x 8")
    # After one step the gradients, after two the momentum, then whatever adds up.
    for steps in (1, 2, 10) if backend != "torch" else range(1, 11):
        expected, curve = train("numpy", p, loss, p.batches[:steps])
        found, their_curve = train(backend, p, loss, p.batches[:steps])
        assert len(curve) == len(their_curve) == steps
        for ours, theirs in zip(expected, found, strict=True):
            assert np.asarray(theirs).dtype == np.float64
            np.testing.assert_allclose(theirs, ours, rtol=0, atol=1e-10)
    assert abs(expected[0] - p.weights[0]).max() > 1e-3


def test_numpy_training_is_the_closed_form_for_one_layer():
    p = problem()
    rng = np.random.default_rng(1)
    p = dataclasses.replace(p, weights=(rng.normal(size=(4, 1)), rng.normal(size=1)))
    w, b = p.weights[0][:, 0], p.weights[1][0]
    velocity = np.zeros(5)
    for rows in p.batches[:3]:
        x, y = p.train.features[rows], p.train.labels[rows]
        error = (1 / (1 + np.exp(-(x @ w + b))) - y) / len(y)
        velocity = 0.875 * velocity + np.append(x.T @ error, error.sum())
        w, b = w - 0.125 * velocity[:4], b - 0.125 * velocity[4]
    found, _ = train("numpy", p, "cross-entropy", p.batches[:3])
    np.testing.assert_allclose(found[0][:, 0], w, rtol=1e-12)
    np.testing.assert_allclose(found[1], [b], rtol=1e-12)


def test_numpy_alone_gives_the_same_report_twice(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(registry, "find_spec", lambda name: name == "numpy" or None)
    texts = []
    for folder in ("one", "two"):
        result = runner.run(tmp_path / "new" / folder, epochs=1)
        assert {f.backend for f in result.fits + result.repeats} == {"numpy"}
        texts.append(result.report.read_text(encoding="utf-8"))
    assert texts[0] == texts[1]
    assert "Only numpy was run" in texts[0]
    printed = capsys.readouterr().out
    for word in ("digits 2 x 2", "breast cancer", "balanced", "report.md", "difference"):
        assert word in printed


def test_verdicts_follow_the_numbers():
    noise = np.asarray([-0.01, 0.01, 0.0])
    assert "the F1 loss is ahead (+0.200" in report._verdict(noise + 0.2)
    assert "cross-entropy is ahead (-0.200" in report._verdict(noise - 0.2)
    assert "no difference" in report._verdict(noise + 0.005)


def test_tables():
    table = report.Table("title", ["loss", "F1"], [["a", "1"], ["a", "2"], [], ["b", "3"]])
    assert report.markdown_table(table).splitlines() == [
        "| loss | F1 |",
        "| --- | --- |",
        "| a | 1 |",
        "| a | 2 |",
        "| b | 3 |",
    ]
    columns = [list(column.cells) for column in report.rich_table(table).columns]
    assert columns == [["a", "", "", "b"], ["1", "2", "", "3"]]


@pytest.mark.parametrize(
    "options,message",
    [
        ({"backends": ()}, "`backends` must name at least one backend"),
        ({"backends": ("numpy", "theano")}, "must be one of numpy, torch, jax, tensorflow"),
        ({"epochs": 0}, "`epochs` must be at least 1, got 0"),
        ({"backends": ("numpy",)}, "`output` must be a folder .*, got .*/file: .*xists"),
    ],
)
def test_bad_arguments(tmp_path, options, message):
    (tmp_path / "file").touch()
    with pytest.raises(ValueError, match=message):
        runner.run(tmp_path / "file", **options)


def test_absent_backend(tmp_path, monkeypatch):
    monkeypatch.setattr(registry, "find_spec", lambda name: None)
    with pytest.raises(ImportError, match=r"pip install 'softset\[torch\]'"):
        runner.run(tmp_path, backends=["torch"])


@pytest.mark.parametrize("name", ["sklearn.datasets", "matplotlib.figure", "rich.progress"])
def test_absent_library(monkeypatch, name):
    for module in ("", ".data", ".fit", ".plots", ".report", ".runner"):
        monkeypatch.delitem(sys.modules, f"softset_backends.demo{module}")
    monkeypatch.delattr(sb, "demo")
    monkeypatch.setitem(sys.modules, name, None)
    message = rf"needs scikit-learn, .* and {name} is not .*; pip install 'softset\[cli\]'"
    with pytest.raises(ImportError, match=message):
        importlib.import_module("softset_backends.demo")


def test_losses_are_those_that_the_report_names():
    y_true, logits = np.asarray([1, 0, 1, 0]), np.asarray([0.5, -1.0, -0.2, 2.0])
    probability = 1 / (1 + np.exp(-logits))
    expected = [
        sklearn_metrics.log_loss(y_true, probability),
        float(ss.as_loss(ss.f1, step=ss.Linear(delta=0.2), threshold=0.5)(y_true, probability)),
    ]
    found = [float(loss(y_true, logits)) for loss in fit.LOSSES.values()]
    np.testing.assert_allclose(found, expected, rtol=1e-14)


def test_paths_are_not_wrapped(result, monkeypatch, tmp_path, capsys):
    monkeypatch.setenv("COLUMNS", "40")
    folder = tmp_path / ("a folder whose name is long [and strange] " * 3).strip()
    long = dataclasses.replace(result, report=folder / "report.md", picture=folder / "curves.png")
    runner._print(runner.Console(), long, 1234.5)
    last = capsys.readouterr().out.splitlines()[-1]
    assert last == f"wrote {long.report} and {long.picture} after 1234 s"
