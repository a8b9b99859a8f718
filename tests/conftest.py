"""One fixture for every library and mode, and how much hypothesis does."""

import gc
import importlib
import itertools
import os

# Before anything imports a framework.
os.environ["JAX_ENABLE_X64"] = "1"
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ["HF_HUB_OFFLINE"] = "1"  # nothing is downloaded
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")  # it says so on every start
# One thread for each test process: two that share a machine's cores wait for each other.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("TF_NUM_INTRAOP_THREADS", "1")

import hypothesis
import pytest

pytest.register_assert_rewrite("tests.support")

from tests import slow  # noqa: E402
from tests.support import backends, marks  # noqa: E402
from tests.support.backends import EAGER, KINDS, TRACED  # noqa: E402

for _name, _examples in (("quick", 25), ("thorough", 500)):
    hypothesis.settings.register_profile(
        _name,
        derandomize=True,
        deadline=None,
        max_examples=_examples,
        database=None,
        print_blob=False,
    )
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "quick"))


def pytest_configure(config):
    """Fail at once for backends that are asked for and cannot run: a skip would look green."""
    for name in marks.requested():
        if name not in KINDS:
            raise pytest.UsageError(
                f"{marks.VARIABLE} names {name!r}; it must hold all or some of {', '.join(KINDS)}"
            )
        try:
            importlib.import_module(KINDS[name].library)
        except ImportError as error:
            raise pytest.UsageError(
                f"{marks.VARIABLE} asks for {name!r}, which does not import: {error}"
            ) from error


@pytest.fixture(scope="session", params=marks.params(*KINDS))
def backend(request):
    """A library, eager or compiled: see tests.support.backends."""
    return KINDS[request.param]()


@pytest.fixture(scope="module", autouse=True)
def forget_compiled():
    """Keep a process below 3 GB, whatever the tests before compiled."""
    yield
    backends.forget_compiled(limit=2e9)


def pytest_collection_finish():
    """Leave what the frameworks made on import out of garbage collections: each takes a second."""
    gc.collect()
    gc.freeze()


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config, items):
    """Leave to CI what compiles or is slow, and most parameters: NumPy takes all of them at once.

    Of the compiled forms, which take a second or more, each test gets one, and in CI alone.
    Eager JAX compiles each operation for each shape: it takes the first of a test's parameters at
    once, and a third of them in all. Of the other libraries each takes a third of them at once.
    test_rules.py holds the kernel to every rule in every form: at once eagerly and in one other.
    """
    forms, rules, of_jax, others = {}, {}, {}, {}
    for item in items:
        name = item.callspec.params.get("backend") if hasattr(item, "callspec") else None
        test = item.nodeid.partition("[")[0]
        if name in TRACED:
            of_all = rules if "test_rules" in test else forms
            of_all.setdefault(item.nodeid.replace(name, "", 1), []).append(item)
        elif name == "jax" and "test_rules" not in test:
            of_jax.setdefault(test, {})[item.nodeid] = item
        elif name in EAGER and name != "numpy" and "test_rules" not in test:
            others.setdefault((name, test), {})[item.nodeid] = item
    left_out = {*marks.all_but_one(forms), *marks.two_thirds(of_jax.values())}
    later = [*marks.all_but_one(rules), *marks.two_thirds(others.values())]
    later += itertools.chain.from_iterable([*of.values()][1:] for of in of_jax.values())
    listed = slow.listed()
    later += [x for x in items if x.nodeid in listed]
    for item in itertools.chain(later, *forms.values()):
        item.add_marker("exhaustive")
    config.hook.pytest_deselected(items=list(left_out))
    items[:] = [item for item in items if item not in left_out]
