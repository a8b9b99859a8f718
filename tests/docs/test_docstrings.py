"""Every public docstring has the sections that numpydoc's validation asks for."""

from __future__ import annotations

import inspect

import pytest

from tests.docs.test_docs import import_or_skip, names_in_the_reference, skipping_absent

validation = pytest.importorskip("numpydoc.validate", reason="numpydoc is not installed")
docscrape = pytest.importorskip("numpydoc.docscrape")

# What is not asked for, by numpydoc's codes.
IGNORED = {
    "ES01": "an extended summary: one sentence may say all",
    "PR04": "the type of a parameter: options that are `as for` another function have that of the "
    "signature, which the reference shows",
    "SA01": "see also: a page of the reference holds what belongs together",
}
# Records: their fields are their attributes, and what returns them has the example.
OF_RECORDS = {"PR01", "EX01"}
NOT_CALLED = {
    "softset_backends.Backend": "a protocol, of which the modules of frameworks are examples",
    "softset_backends.TOLERANCES": "numbers",
}


def attribute(path):
    owner, _, name = path.rpartition(".")
    with skipping_absent():
        return getattr(import_or_skip(owner), name)


def fields(value):
    """Return the names under "Attributes" of a docstring."""
    listed = docscrape.NumpyDocString(inspect.getdoc(value))["Attributes"]
    return {name for entry in listed for name in entry.name.split(", ")}


def faults(path, value):
    """Return the codes and texts of what is wrong with the docstring."""
    ignored = set(IGNORED)
    if inspect.isclass(value) and fields(value) >= set(inspect.signature(value).parameters):
        ignored |= OF_RECORDS
    return [error for error in validation.validate(path)["errors"] if error[0] not in ignored]


@pytest.mark.parametrize("path", [x for x in names_in_the_reference() if x not in NOT_CALLED])
def test_sections_of_docstring(path):
    assert not faults(path, attribute(path))


def poor(x, y):
    """Return nothing of what is asked for.

    Parameters
    ----------
    x : boolean array
    """
    return x, y


def test_poor_docstring_is_found():
    codes = {code for code, _ in faults(f"{__name__}.poor", poor)}
    assert codes >= {"PR01", "PR06", "PR07", "RT01", "EX01"}


def test_what_is_ignored_occurs():
    paths = [x for x in names_in_the_reference() if x.startswith("softset.")]
    found = {code for path in paths for code, _ in validation.validate(path)["errors"]}
    assert found >= set(IGNORED)
