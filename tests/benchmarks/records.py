"""Results of runs that never took place."""


def candidate(label, seconds, faster_than=None, kind="fused", **more):
    start, name = label.split(": ")
    framework, mode = start.split()
    return {
        "label": label,
        "framework": framework,
        "mode": mode,
        "name": name,
        "kind": kind,
        "same": True,
        "seconds": seconds,
        "quartiles": [seconds, seconds],
        "turns": 7,
        "faster_than": faster_than or {},
        "value_error": 2e-8,
        "gradient_error": 3e-7,
        **more,
    }


def group(work, *found):
    return {"work": work.to_json(), "candidates": list(found), "failures": []}


def of_groups(*groups, complete=False):
    return {
        "machine": {
            "date": "2026-01-01 00:00 UTC",
            "cpu": "a CPU",
            "cores": 2,
            "memory_gb": 24.0,
            "system": "a system",
            "python": "3.11.0",
            "packages": {"torch-btg": "0.0.1"},
        },
        "settings": {
            "device": "cpu",
            "quick": False,
            "missing": {},
            "complete": complete,
            "threads": {"torch": 2},
        },
        "groups": list(groups),
    }
