"""The studies of models, on data that are made here: no number of theirs is a finding."""

import json

import numpy as np
import pytest

pd = pytest.importorskip("pandas")
torch = pytest.importorskip("torch")
metrics = pytest.importorskip("sklearn.metrics")
stats = pytest.importorskip("scipy.stats")

from benchmarks.evidence import (  # noqa: E402
    fitting,
    images,
    judging,
    model_tables,
    multilabel,
    ordinal,
    paper,
    segmentation,
    steering,
)
from benchmarks.evidence.study import Missing  # noqa: E402

MODULES = [images, multilabel, ordinal, paper, segmentation, steering]
NAMES = [module.STUDY.name for module in MODULES]
TINY = {"updates": 4, "batch": 16, "checks": 2, "rates": [0.01, 0.03]}


def write(folder, name, **columns):
    pd.DataFrame(columns).to_csv(folder / f"{name}.csv.gz", index=False)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    found = tmp_path_factory.mktemp("data")
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(2, 120))
    y = (a + rng.normal(size=120) > 0.8).astype(int)
    labels = {f"Class{i}": (a + rng.normal(size=120) > 0.5).astype(int) for i in range(3)}
    write(found, "yeast_multilabel", Att1=a, Att2=b, **labels)
    grades = np.clip(np.round(5 + a), 4, 7).astype(int)
    write(found, "wine_white_quality", acid=a, sugar=b, quality=grades, y=y)
    write(found, "page_blocks0", height=a, length=b, y=y)
    dyads = {"dyad1_x": a, "dyad1_y": 0 * a, "context1_x": b}
    write(found, "cocktailparty", frame=np.arange(120), **dyads, y=y)
    text = np.where(b > 0, "private", "?")
    which = np.where(np.arange(120) < 90, "train", "test")
    write(found, "adult", age=a, workclass=text, fnlwgt=b, split=which, y=y)
    shown = rng.integers(0, 256, size=(120, 28, 28), dtype=np.uint8)
    label = np.arange(120, dtype=np.int8) % 10
    np.savez(found / "fashion_mnist_t10k.npz", images=shown, label=label)
    return found


def tiny(unit):
    """Return a unit with a small budget, as it comes back from a record in JSON."""
    given = dict(unit.arguments)
    given |= {"budget": TINY} if "budget" in given else {"epochs": 2}
    given |= {"size": 12, "numbers": (8, 6, 7)} if "size" in given else {}
    return unit._replace(arguments=json.loads(json.dumps(given)))


@pytest.mark.parametrize("module", MODULES, ids=NAMES)
def test_units_have_names_of_their_own_and_arguments_of_json(module, folder):
    units = module.STUDY.units(folder)
    assert len({unit.name for unit in units}) == len(units)
    for unit in units:
        assert unit.study == module.STUDY.name
        json.dumps(unit.arguments)


@pytest.mark.parametrize("module", [m for m in MODULES if m is not segmentation])
def test_what_is_missing_is_said(module, tmp_path):
    with pytest.raises(Missing, match=r"folder of data|no table"):
        module.STUDY.units(tmp_path)


@pytest.mark.parametrize("module", MODULES, ids=NAMES)
def test_a_unit_of_every_kind_gives_rows_and_a_report(module, folder):
    first = {}
    for unit in module.STUDY.units(folder):
        first.setdefault(unit.name.rsplit(", ", 1)[0], unit)
    rows = []
    for unit in map(tiny, first.values()):
        own = module.STUDY.run(folder, unit)
        keys = [json.dumps([r["data"], r["method"], r["settings"]], sort_keys=True) for r in own]
        assert len(set(keys)) == len(keys)
        assert {row["seed"] for row in own} == {unit.arguments["seed"]}
        rows += own
    rows = json.loads(json.dumps(rows, allow_nan=False))
    text = module.STUDY.report(rows)
    for method in {row["method"] for row in rows}:
        assert method in text


@pytest.mark.parametrize("module", [multilabel, paper], ids=["multilabel", "paper"])
def test_units_are_deterministic_and_leave_random_numbers_alone(module, folder):
    unit = tiny(module.STUDY.units(folder)[0])
    torch.manual_seed(3)
    expected = torch.rand(1)
    torch.manual_seed(3)
    threads = torch.get_num_threads()
    once = module.STUDY.run(folder, unit)
    assert torch.equal(torch.rand(1), expected)
    assert torch.get_num_threads() == threads
    assert module.STUDY.run(folder, unit) == once


@pytest.fixture(scope="module")
def problem():
    rng = np.random.default_rng(1)
    x = rng.normal(size=(300, 2))
    y = (x[:, 0] + rng.normal(size=300) > 1).astype(float)
    return x, y, fitting.split(y, 0)


def fitted(problem, y):
    x, _, pieces = problem
    parts = fitting.parts_of(x, y, pieces)
    schedule = fitting.of_one_label(parts.train.y)["cross-entropy"]
    budget = fitting.Budget(**TINY)
    found = fitting.fits(lambda: fitting.network(2, 0, 1), schedule, parts, budget, 0)
    return found, parts


def test_test_labels_choose_nothing(problem):
    _, y, pieces = problem
    judge, settings = judging.judge_of(fitting.ss.f1, "F1"), []
    other = y.copy()
    other[pieces[2]] = 1 - other[pieces[2]]
    values = []
    for labels in (y, other):
        found = judging.judged(*fitted(problem, labels), judge)
        settings.append([one["settings"] for one in found])
        values.append([one["values"] for one in found])
    assert settings[0] == settings[1]
    assert values[0] != values[1]


def test_a_judge_reports_what_scikit_learn_does_and_lists_every_rate(problem):
    checkpoints, parts = fitted(problem, problem[1])
    assert len(checkpoints) == 4
    y = parts.validation.y.numpy()
    found = judging.judged(checkpoints, parts, judging.judge_of(fitting.ss.f1, "F1"))
    for rate in TINY["rates"]:
        own = [c.logits for c in checkpoints if c.rate == rate]
        fixed = max(metrics.f1_score(y, z >= 0) for z in own)
        assert found[0]["settings"]["validation"][str(rate)] == pytest.approx(fixed, abs=1e-6)
        tuned = max(metrics.f1_score(y, z >= cut) for z in own for cut in z)
        assert found[1]["settings"]["validation"][str(rate)] == pytest.approx(tuned, abs=1e-6)
    chosen = found[1]["settings"]
    model = next(
        c.model for c in checkpoints if (c.rate, c.update) == (chosen["rate"], chosen["update"])
    )
    p = 1 / (1 + np.exp(-fitting.predict(model, parts.test.x)))
    expected = metrics.f1_score(parts.test.y.numpy(), p >= chosen["threshold"])
    assert found[1]["values"]["F1"] == pytest.approx(expected, rel=1e-12)


def test_parts_are_alike_and_scaled_by_training_rows(problem):
    x, y, pieces = problem
    assert sorted(np.concatenate(pieces)) == list(range(300))
    assert [round(len(p) / 300, 2) for p in pieces] == [0.6, 0.2, 0.2]
    shares = [y[p].mean() for p in pieces]
    assert max(shares) - min(shares) < 1 / 60  # a row of the smallest part
    train = fitting.parts_of(x, y, pieces).train.x.numpy()
    np.testing.assert_allclose(train.mean(axis=0), 0, atol=1e-6)  # float32
    np.testing.assert_allclose(train.std(axis=0), 1, atol=1e-6)


def test_losses_in_turn_have_half_of_the_updates():
    schedule = fitting.in_turn("first", "second")
    assert [schedule(i / 4) for i in range(4)] == ["first", "first", "second", "second"]


def test_kappa_and_the_error_are_scikit_learn_s():
    rng = np.random.default_rng(2)
    y, z = rng.integers(0, 4, size=50), rng.normal(size=(50, 4))
    p = ordinal.shares(z)
    np.testing.assert_allclose(p.sum(axis=1), 1, rtol=1e-12)
    best = [min(range(4), key=lambda j: sum(q[i] * (i - j) ** 2 for i in range(4))) for q in p]
    for threshold, decided in ((None, z.argmax(axis=1)), (0.0, np.asarray(best))):
        found = ordinal.values(y, p, threshold)
        kappa = metrics.cohen_kappa_score(y, decided, weights="quadratic")
        assert found["kappa"] == pytest.approx(kappa, rel=1e-12)
        error = metrics.mean_absolute_error(y, decided)
        assert found["mean absolute error"] == pytest.approx(error, rel=1e-12)


def test_dice_is_the_mean_of_images():
    rng = np.random.default_rng(3)
    y, p = rng.random((4, 6, 6)) < 0.3, rng.random((4, 6, 6))
    judge = segmentation.judge()
    expected = np.mean(
        [metrics.f1_score(a.ravel(), b.ravel() >= 0.5) for a, b in zip(y, p, strict=True)]
    )
    assert judge.values(y * 1.0, p, 0.5)["Dice"] == pytest.approx(expected, rel=1e-12)
    best = judge.rules["labels"].threshold(y * 1.0, p)
    value = judge.values(y * 1.0, p, best)["Dice"]
    assert all(value >= judge.values(y * 1.0, p, t)["Dice"] for t in (0.1, 0.3, 0.5, 0.7))


def test_images_have_few_positives_and_a_vessel_each():
    made = segmentation.images(50, 40, np.random.default_rng(0))
    assert made.x.shape == (50, 1, 40, 40)
    assert set(made.y.unique().tolist()) == {0.0, 1.0}
    assert made.y.sum(dim=(1, 2)).min() > 5
    assert made.y.mean() < 0.1


def test_the_paper_s_parts_are_64_16_and_20_percent_and_adult_s_official_ones(folder):
    assert [len(part.y) for part in paper.read(folder, "cocktailparty", 0)] == [77, 19, 24]
    parts = paper.read(folder, "adult", 0)
    assert [len(part.y) for part in parts] == [72, 18, 30]
    y = pd.read_csv(folder / "adult.csv.gz")["y"].to_numpy()
    np.testing.assert_array_equal(parts.test.y, y[90:])
    assert parts.train.x.shape[1] == 2  # age, and workclass as numbers
    assert paper.read(folder, "cocktailparty", 0).train.x.shape[1] == 2


def row(method, decision, seed, value, **more):
    settings = {"decision": decision, "model": "linear", "train rows": 30, "test rows": 10}
    settings |= {"validation": {"0.01": 0.5}}
    own = {"data": "made", "method": method, "seed": seed, "values": {"F1": value}}
    return {**own, "settings": settings | more}


KNOWN = {("cross-entropy", "labels"): [0.5, 0.6, 0.7], ("F1", "0.5"): [0.54, 0.66, 0.77]}
ROWS = [
    row(method, decision, seed, value)
    for (method, decision), values in KNOWN.items()
    for seed, value in enumerate(values)
]


def test_tables_have_means_and_the_intervals_of_paired_differences():
    text = model_tables.tables(ROWS, "F1", test_ratio=0.0)
    base, own = KNOWN.values()
    interval = stats.ttest_rel(own, base).confidence_interval(0.95)
    difference = f"0.657 (+0.057, {interval.low:+.3f} to {interval.high:+.3f})"
    assert f"| F1 |  | {difference} |" in text
    assert "| cross-entropy | 0.600 |  |" in text
    assert "F1 (0.5) is above cross-entropy (labels) by more than the interval." in text


def test_splits_that_share_rows_have_wider_intervals():
    found = model_tables.cells(ROWS, "F1", ("cross-entropy", "labels"))
    base, own = KNOWN.values()
    low, high = stats.ttest_rel(own, base).confidence_interval(0.95)
    wider = np.sqrt(1 + 3 * 10 / 30)  # 1/n + test/train, over 1/n: Nadeau and Bengio 2003
    difference = found.differences["F1", "0.5"]
    assert difference.high - difference.low == pytest.approx(wider * (high - low), rel=1e-9)


def test_the_paper_s_numbers_stand_beside_those_of_its_protocol():
    nine = paper.DECISIONS["nine"]
    rows = [
        row("F1", nine, seed, value, protocol="paper", epochs=epochs) | {"data": "adult"}
        for seed, (value, epochs) in enumerate([(0.6, 300), (0.7, paper.EPOCHS)])
    ]
    text = paper.report(rows)
    assert "| Adult | F1 | 0.63 (0.02) | 0.650 (0.071) |  |  |" in text
    assert "1 of 2" in text


def test_steering_reports_the_loss_beside_the_threshold_and_the_paper():
    names, rows = ("precision", "recall", "F-beta"), []
    for data, gain in (("one", 0.03), ("other", 0.05)):
        for way, values in ((steering.CUT, (0.6, 0.7, 0.68)), (steering.LOSS, (0.5, 0.8, 0.68))):
            own = dict(zip(names, values, strict=True))
            own["F-beta"] += gain * (way == steering.LOSS)
            rows.append(row(*way, 0, 0.0, beta=2.0) | {"data": data, "values": own})
    text = steering.report(rows)
    line = "| 2 | 0.500 | 0.800 | 0.720 | 0.600 | 0.700 | 0.680 | 0.57 | 0.71 |"
    assert line in text
    assert "| one | 0.710 (+0.030) |" in text
    low, high = stats.ttest_1samp([0.03, 0.05], 0).confidence_interval(0.95)
    assert f"| mean difference | +0.040, {low:+.3f} to {high:+.3f} |" in text
