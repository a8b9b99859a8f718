"""Each framework by itself, at the oldest versions that its extra allows and at the newest.

nox --list says what there is, and nox -s 'alone(torch-oldest-3.10)' runs one of them. The page
Compatibility of the documentation tells which were run.
"""

import nox

nox.options.default_venv_backend = "uv"  # it can choose the oldest versions

PYTHONS = ("3.10", "3.11", "3.12", "3.13", "3.14")
KERNEL = "tests/softset"
LOOPS = "tests/softset_backends"

# What is installed, the backends that the kernel's tests run on, and the tests.
FRAMEWORKS = {
    "numpy": ("numpy", "numpy", [KERNEL]),
    "torch": ("torch", "torch,torch-compiled", [KERNEL, f"{LOOPS}/test_torch_parts.py"]),
    "jax": ("jax", "jax,jax-jit", [KERNEL, f"{LOOPS}/test_jax_loops.py"]),
    "tensorflow": (
        "tensorflow-cpu",
        "tensorflow,tf-function",
        [KERNEL, f"{LOOPS}/test_tensorflow_loops.py"],
    ),
    "mlx": ("mlx", "mlx", [KERNEL]),
    "keras": ("keras,jax", "numpy", [f"{LOOPS}/test_keras.py"]),  # it runs on one of the others
}
# The newest versions have left the oldest Python, and the oldest ones know no newer one.
WHICH = {"oldest": PYTHONS[:1], "newest": PYTHONS[1:]}
NONE_YET = {("tensorflow", "3.14")}


@nox.session
@nox.parametrize(
    "python,framework,versions",
    [
        nox.param(python, framework, versions, id=f"{framework}-{versions}-{python}")
        for framework in FRAMEWORKS
        for versions, pythons in WHICH.items()
        for python in pythons
        if (framework, python) not in NONE_YET
    ],
)
def alone(session, framework, versions):
    """Test the kernel and the loops of a framework where no other one is installed."""
    extras, backends, tests = FRAMEWORKS[framework]
    lowest = ["--resolution", "lowest-direct"] if versions == "oldest" else []
    if lowest and framework == "torch":
        # Its compiler, which exports too, does not follow named tuples and sets.
        backends, tests = "torch", [*tests, "-k", "not inductor and not torch_export"]
    session.install(*lowest, "--editable", f".[{extras}]")
    session.install("pytest", "hypothesis", "numpy")
    session.run("uv", "pip", "list")
    session.run(
        *("python", "-m", "pytest", "-m", "not exhaustive", *tests, *session.posargs),
        env={"SOFTSET_BACKENDS": backends},
    )
