"""What fails a run of the benchmarks."""

import json
import subprocess

import pytest

from benchmarks.speed import report, results, targets
from benchmarks.speed.rivals import RIVALS, behind
from benchmarks.speed.work import FORWARD, MASKS, Work
from tests.benchmarks.records import candidate, group, of_groups

OURS, HAND = "torch eager: MetricLoss", "torch eager: by hand"
MONAI = "torch eager: MONAI DiceLoss"
SMP = "torch eager: segmentation-models-pytorch DiceLoss"


def of_dice(metric="Dice", threads=0, **ratios):
    against = {MONAI: ratios.get("monai"), HAND: ratios.get("hand"), SMP: ratios.get("smp")}
    ours = candidate(OURS, 0.002, {k: x for k, x in against.items() if x})
    work = Work("Dice", "torch", metric, MASKS, threads=threads)
    return of_groups(group(work, ours, candidate(MONAI, 0.004, kind="peer")))


@pytest.mark.parametrize(
    ("metric", "ratio", "falls"),
    [
        ("Dice", 0.9994, True),
        ("Dice", 0.9996, False),  # shown as 1
        ("Dice", 1.2, False),  # short of what is aimed at, and not behind
        ("Dice of logits", 0.91, False),  # may be behind by a tenth
        ("Dice of logits", 0.89, True),
    ],
)
def test_a_row_behind_a_peer_fails(metric, ratio, falls):
    found = behind(of_dice(metric, monai=ratio), None)
    assert len(found) == falls
    if falls:
        assert found[0].startswith(f"{OURS}, {metric}, 16 x 512 x 512: ")
        assert f"times as fast as {MONAI}" in found[0]


def test_a_row_behind_two_peers_is_told_of_twice():
    found = behind(of_dice(threads=1, monai=0.5, smp=0.7, hand=0.1), None)
    assert [", one thread: " in x for x in found] == [True, True]
    assert [x.rsplit(": ", 1)[1] for x in found] == ["MONAI DiceLoss", SMP.split(": ")[1]]


def test_peers_that_a_row_is_not_listed_against_do_not_matter():
    plain = candidate("torch eager: plain kernel", 0.002, {MONAI: 0.2})
    work = Work("Dice", "torch", "Dice", MASKS)
    assert behind(of_groups(group(work, plain)), None) == []


@pytest.mark.parametrize(("ratio", "falls"), [(2.26, False), (2.24, True)])
def test_a_row_behind_three_quarters_of_its_last_ratio_fails(ratio, falls):
    before = of_dice(monai=3.0, hand=3.0)
    found = behind(of_dice(monai=3.0, hand=ratio), before)
    assert len(found) == falls
    found = behind(of_dice(monai=ratio, hand=3.0), before)
    assert len(found) == falls
    if falls:
        assert found[0].endswith(f"2.24 times as fast as {MONAI}, committed 3")


def test_rows_are_compared_with_the_same_work_only():
    before = of_dice(monai=9.0, hand=9.0)
    assert behind(of_dice("Dice of logits", monai=1.0, hand=1.0), before) == []
    assert behind(of_dice(threads=1, monai=1.0, hand=1.0), before) == []
    assert len(behind(of_dice(monai=1.0, hand=1.0), before)) == 2
    assert behind(of_dice(monai=1.0, hand=1.0), None) == []
    old = json.loads(json.dumps(before))  # before work had threads and extras
    for field in ("threads", "extra"):
        del old["groups"][0]["work"][field]
    assert len(behind(of_dice(monai=1.0, hand=1.0), old)) == 2


def test_a_slower_peer_is_no_reason_to_fail():
    label = "numpy eager: scikit-learn"
    work = Work("evaluation", "evaluation", "AP", (10**6,), FORWARD)
    found, before = (
        of_groups(
            group(
                work,
                candidate("numpy eager: softset", 0.1, {label: 3.0}),
                candidate(label, 0.3, {"numpy eager: by hand": x}, kind="peer"),
            )
        )
        for x in (0.1, 1.0)
    )
    assert behind(found, before) == []


def test_every_rival_is_a_target_of_its_own():
    assert len({rival.what + rival.theirs for rival in RIVALS}) == len(RIVALS)
    rows = targets.verdicts(of_dice(monai=1.4, smp=1.2))
    assert [(x.measured, x.met) for x in rows] == [("1.4 times", False), ("1.2 times", True)]
    both = of_dice(monai=1.8)
    both["groups"] += of_dice(threads=1, monai=1.6)["groups"]
    (row,) = targets.verdicts(both)
    assert row.measured == "1.6 times where it is least (Dice, 16 x 512 x 512, one thread)"


def test_report_tells_what_fell_behind():
    found = of_dice(monai=0.5)
    assert "fell behind" not in report.write(found)
    found["settings"]["behind"] = []
    assert "committed ratio; any fails the run.\n\nNothing.\n" in report.write(found)
    found["settings"]["behind"] = behind(found, None)
    assert f"\n- {OURS}, Dice, 16 x 512 x 512: 0.5 times as fast as" in report.write(found)


def test_committed_results_are_those_of_git(tmp_path, monkeypatch):
    monkeypatch.setattr(results, "ROOT", tmp_path)
    assert results.committed() is None
    path = tmp_path / "benchmarks" / "results" / "speed.json"
    path.parent.mkdir(parents=True)
    results.save(of_dice(monai=2.0), path)
    name = ["-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false"]
    for command in (["init", "-q"], ["add", "."], [*name, "commit", "-qm", "Results"]):
        subprocess.run(["git", *command], cwd=tmp_path, check=True)
    path.write_text("{}")
    assert results.find(results.committed(), OURS, n=16 * 512 * 512)["faster_than"] == {MONAI: 2.0}


def test_committed_results_without_git_are_none(monkeypatch):
    monkeypatch.setenv("PATH", "")
    assert results.committed() is None
