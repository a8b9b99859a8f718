"""What the evidence says in short, of rows whose means are known."""

import pytest

for _name in ("pandas", "sklearn", "scipy", "jinja2", "joblib", "torch"):
    pytest.importorskip(_name, reason=f"{_name} is not installed")

# Not at the top: it must come after the skips.
from benchmarks.evidence import headlines  # noqa: E402


def row(data, seed, value, model="mlp", method="cross-entropy", rule="labels", case=""):
    values = {"test": {"f1": value}}
    known = {"data": data, "seed": seed, "model": model, "method": method, "rule": rule}
    return known | {"metric": "f1", "case": case, "values": values}


def of_tables():
    """Return rows of three sets: on one of them a network is ahead of the linear model by .10."""
    gains = {"a": 0.03, "b": -0.01, "c": 0.01}
    rows = []
    for data, linear in (("a", 0.5), ("b", 0.6), ("c", 0.6)):
        for seed in (0, 1):
            rows += [
                row(data, seed, 0.6),
                row(data, seed, linear, model="linear"),
                row(data, seed, linear + gains[data], "linear", "cross-entropy, then metric"),
            ]
    return rows


def test_linear_models_are_parted_by_what_they_cannot_fit():
    found = {x.situation: x for x in headlines.headlines({"tables": of_tables()})}
    narrow = found["a linear model that cannot fit the data"]
    assert narrow.taken == "cross-entropy, then metric, labels"
    assert narrow.instead == "cross-entropy, labels"
    assert narrow.number == 1 and narrow.gain.mean == pytest.approx(0.03, abs=1e-12)
    wide = found["a linear model that can"]
    # Two sets, -.01 and .01: Student's 12.706 times .01.
    assert wide.number == 2 and wide.gain.mean == pytest.approx(0.0, abs=1e-12)
    assert wide.gain.high == pytest.approx(0.12706, abs=1e-5)


def test_few_rows_are_taken_by_their_number():
    rows = [row(data, s, 0.5, case="300 rows") for data in "ab" for s in (0, 1)]
    rows += [row(data, s, 0.52, rule="expected", case="300 rows") for data in "ab" for s in (0, 1)]
    rows += [row(data, s, 0.9, rule="expected", case="900 rows") for data in "ab" for s in (0, 1)]
    (only,) = headlines.headlines({"few-rows": rows})
    assert only.situation == "300 rows in all, a network"
    assert only.gain.mean == pytest.approx(0.02, abs=1e-12)


def test_studies_of_one_set_have_the_interval_of_its_splits():
    rows = []
    for seed, gain in enumerate((0.01, 0.03)):
        for method, value in (("cross-entropy", 0.5), ("Dice", 0.5 + gain)):
            settings = {"model": "a U-Net", "decision": "labels"}
            rows.append(
                {"data": "vessels", "seed": seed, "method": method, "settings": settings}
                | {"values": {"Dice": value}}
            )
    (only,) = headlines.headlines({"segmentation": rows})
    assert only.taken == "Dice, labels" and only.number == 1
    # Images are new for each seed: Student's interval, 12.706 times .01.
    assert only.gain.low == pytest.approx(0.02 - 0.12706, abs=1e-5)
    text = headlines.markdown([only])
    assert "| Dice, labels | cross-entropy, labels | +0.020 [-0.107, +0.147] | 1 |" in text
