"""Arrays that mean more than their plain values: right, or refused with the way out."""

from functools import partial

import numpy as np
import pytest

import softset as ss
from tests.support.referees import assert_close, labels_and_scores

Y, P = labels_and_scores(12, seed=8)
Y = Y.astype(float)
MASK = np.arange(12) % 3 == 1


class DataArray:
    """What xarray's arrays tell of themselves."""

    __module__ = "xarray.core.dataarray"

    def __init__(self, x):
        self.x, self.shape, self.dtype = x, x.shape, x.dtype

    def __array_namespace__(self, api_version=None):
        return np


class Plain(np.ndarray):
    """A subclass without a meaning of its own."""


def load(module):
    return pytest.importorskip(module)


def of_torch(make):
    def call(x):
        torch = load("torch")
        return make(torch, torch.tensor(x))

    return call


def subclass(torch, x):
    return x.as_subclass(type("Logarithms", (torch.Tensor,), {}))


def pandas(make):
    return lambda x: make(load("pandas"), x)


# What it is: how it is made of an array, and what to write instead.
KINDS = {
    "matrix": (lambda x: np.asmatrix(x), r"numpy\.matrix; pass numpy\.asarray\("),
    "masked array": (lambda x: np.ma.array(x, mask=MASK), r"MaskedArray; pass its \.filled\(0\)"),
    "masked, nothing hidden": (lambda x: np.ma.array(x), r"and where=~numpy\.ma\.getmaskarray"),
    "record array": (lambda x: np.rec.array(x), r"recarray; pass numpy\.asarray\("),
    "subclass": (lambda x: x.view(Plain), r"Plain; pass numpy\.asarray\("),
    "scipy.sparse": (lambda x: load("scipy.sparse").csr_array(x[None]), r"; pass its \.toarray\("),
    "Series": (pandas(lambda pd, x: pd.Series(x)), r"Series; pass its \.to_numpy\(\)"),
    "DataFrame": (
        pandas(lambda pd, x: pd.DataFrame({"x": x})),
        r"DataFrame; pass its \.to_numpy\(\)",
    ),
    "Index": (pandas(lambda pd, x: pd.Index(x)), r"Index; pass its \.to_numpy\(\)"),
    "xarray": (DataArray, r"DataArray; pass its \.to_numpy\(\)"),
    "nullable": (
        pandas(lambda pd, x: pd.Series(x).astype("Float64").mask(MASK)),
        r"pass its \.to_numpy\(\), with a dtype where it has missing values",
    ),
    "extension array": (
        pandas(lambda pd, x: pd.array(x, dtype="Float64")),
        r"FloatingArray; pass its \.to_numpy\(\)",
    ),
    "categorical": (pandas(lambda pd, x: pd.Categorical(x)), r"pass its \.to_numpy\(\)"),
    "sparse tensor": (of_torch(lambda _, x: x.to_sparse()), r"a sparse_coo one; pass its \.to_de"),
    "sparse rows": (of_torch(lambda _, x: x[None].to_sparse_csr()), r"a sparse_csr one"),
    "nested tensor": (
        of_torch(lambda torch, x: torch.nested.nested_tensor([x, x[:2]])),
        r"a nested one; pass its \.to_padded_tensor\(0\.0\)",
    ),
    "jagged tensor": (
        of_torch(lambda torch, x: torch.nested.nested_tensor([x, x[:2]], layout=torch.jagged)),
        r"a nested one; pass its \.to_padded_tensor\(0\.0\)",
    ),
    "masked tensor": (
        of_torch(lambda torch, x: torch.masked.masked_tensor(x, torch.tensor(~MASK))),
        r"MaskedTensor; pass its \.get_data\(\) and where=\.get_mask\(\)",
    ),
    "tensor subclass": (of_torch(subclass), r"Logarithms; pass its \.as_subclass\(torch\.Tensor\)"),
    "BCOO": (lambda x: load("jax.experimental.sparse").BCOO.fromdense(x), r"pass its \.todense\("),
    "ragged": (
        lambda x: load("tensorflow").RaggedTensor.from_row_lengths(x, [4, 8]),
        r"RaggedTensor; pass its \.to_tensor\(\)",
    ),
    "sparse of TensorFlow": (
        lambda x: load("tensorflow").sparse.from_dense(x),
        r"SparseTensor; pass tf\.sparse\.to_dense\(",
    ),
    "masked blocks": (
        lambda x: load("dask.array").from_array(np.ma.array(x, mask=MASK)),
        r"MaskedArray; pass its \.filled\(0\)",
    ),
    "list": (list, r"got list; convert it to an array"),
}
CALLS = {
    "as_score": lambda y, p: ss.as_score(ss.f1)(y, p),
    "value_and_grad": lambda y, p: ss.value_and_grad(ss.as_loss(ss.f1))(y, p),
    "grid": lambda y, p: ss.as_score(ss.f1, thresholds=ss.grid(9))(y, p),
    "sweep": ss.sweep,
    "best_threshold": partial(ss.best_threshold, ss.f1),
    "pairwise_loss": ss.pairwise_loss,
    "cross_entropy": ss.cross_entropy,
}
# PyTorch's notices about what is a prototype, in beta or on its way out.
quiet = pytest.mark.filterwarnings(
    "ignore::UserWarning:torch", "ignore:Sparse:UserWarning", "ignore:the matrix subclass"
)


def family(x):
    """Return how to make plain arrays of the library that goes with x."""
    name = type(x).__module__.partition(".")[0]
    if name == "torch" or "Logarithms" in type(x).__name__:
        return load("torch").tensor
    return np.asarray


@quiet
@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("kind", KINDS)
def test_scores_and_labels_are_refused(kind, call):
    make, hint = KINDS[kind]
    x, y = make(P), make(Y)
    with pytest.raises(TypeError, match=rf"`y_(prob|score)` must be .*{hint}"):
        CALLS[call](family(x)(Y), x)
    with pytest.raises(TypeError, match=rf"`y_true` must be .*{hint}"):
        CALLS[call](y, family(x)(P))


@quiet
@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "list"])
def test_so_are_weights_thresholds_and_counts(kind):
    make, hint = KINDS[kind]
    x = make(P)
    y, p = family(x)(Y), family(x)(P)
    for name in ("sample_weight", "where", "threshold", "thresholds"):
        with pytest.raises(TypeError, match=rf"`{name}` must be .*{hint}"):
            ss.confusion(y, p, **{name: x})
    with pytest.raises(TypeError, match=rf"`fp` must be .*{hint}"):
        ss.f1(ss.Confusion(p, x, p, p))


@quiet
@pytest.mark.parametrize("make", [np.asmatrix, np.ma.array, lambda x: x.view(Plain)])
def test_so_are_class_numbers(make):
    numbers = make(np.asarray([0, 1, 1]))
    for call in (partial(ss.one_hot, num_classes=2), ss.class_weight, ss.pos_weight):
        with pytest.raises(TypeError, match=r"`y_true` must be an array .*; pass "):
            call(numbers)


def test_a_masked_array_by_the_way_that_the_error_names(backend):
    hidden = np.ma.array(np.where(MASK, 7.0, P), mask=MASK)
    arrays = (Y, hidden.filled(0), ~np.ma.getmaskarray(hidden))
    found = backend.run(
        lambda y, p, m: ss.as_loss(ss.f1)(y, p, where=m), *map(backend.asarray, arrays)
    )
    assert_close(found, ss.as_loss(ss.f1)(Y[~MASK], P[~MASK]), backend)


def test_a_memory_map_is_an_array_like_others(tmp_path):
    file = np.memmap(tmp_path / "scores", dtype=float, mode="w+", shape=P.shape)
    file[:] = P
    for call in CALLS.values():
        found, expected = (np.asarray(x, dtype=object) for x in (call(Y, file), call(Y, P)))
        assert str(found) == str(expected)


def test_parameters_are_tensors_like_others():
    torch = load("torch")
    p = torch.nn.Parameter(torch.tensor(P))
    found = ss.as_loss(ss.f1)(torch.tensor(Y), p)
    found.backward()
    expected = ss.value_and_grad(ss.as_loss(ss.f1))(Y, P)
    np.testing.assert_allclose(found.item(), expected[0], rtol=1e-13)
    np.testing.assert_allclose(p.grad.numpy(), expected[1], rtol=1e-12)


@pytest.mark.parametrize("module", ["torchvision.tv_tensors._mask", "monai.data.meta_tensor"])
def test_tensors_around_others_are_what_they_hold(module):
    """torchvision's images and masks and MONAI's come from these; results are plain tensors."""
    torch = load("torch")
    around = type("Around", (torch.Tensor,), {"__module__": module})
    y, p = torch.tensor(Y), torch.tensor(P)
    score = ss.as_score(ss.f1)
    assert float(score(y.as_subclass(around), p)) == float(score(Y, P))
    for given in (y, y.as_subclass(around)):
        z = p.as_subclass(around).requires_grad_()
        found = ss.as_loss(ss.f1)(given, z)
        found.backward()
        value, gradient = ss.value_and_grad(ss.as_loss(ss.f1))(y, p)
        assert type(found) is torch.Tensor
        assert found.item() == value.item()
        assert torch.equal(z.grad.as_subclass(torch.Tensor), gradient)
    assert ss.array_namespace(p.as_subclass(around)) is ss.array_namespace(p)
    with pytest.raises(TypeError, match="one library"):
        score(p.as_subclass(around), Y)
