"""Mutants of the kernel's functions: one small change each, drawn by chance from every file."""

from __future__ import annotations

import ast
import difflib
import inspect
import random
from dataclasses import dataclass
from pathlib import Path
from types import CodeType

import libcst
from libcst.metadata import MetadataWrapper, PositionProvider
from mutmut.mutation.file_mutation import Mutation, MutationVisitor
from mutmut.mutation.mutators import mutation_operators, operator_string
from mutmut.mutation.pragma_handling import IgnoredCode

KERNEL = Path("softset")
# NumPy runs none of these; the last has the names of other packages.
LEFT_OUT = {"torch", "jax", "tensorflow", "dask.py", "keras.py", "mlx.py", "_other_names.py"}
# From these twice as many are drawn.
CORE = {"metrics", "_counting", "steps", "averages", "ranking", "thresholds", "scores.py"}
# Strings are the words of errors, of which tests read a part.
OPERATORS = [(kind, change) for kind, change in mutation_operators if change is not operator_string]


@dataclass(frozen=True)
class Mutant:
    file: str
    line: int
    lines: tuple[int, int]  # the first and the last of its statement, but for what that contains
    change: str
    code: str  # of the whole file

    @property
    def name(self) -> str:
        return f"{self.file}:{self.line} {self.change}"

    def functions(self) -> dict[tuple[str, int], CodeType]:
        """Return the code of the functions that differ, by qualified name and first line."""
        original = Path(self.file).read_text("utf-8")
        both = zip(_functions(original, self.file), _functions(self.code, self.file), strict=True)
        return {(old.co_qualname, old.co_firstlineno): new for old, new in both if new != old}


def _functions(text: str, file: str) -> list[CodeType]:
    """Return the code of functions and methods; what they define is within theirs."""
    bodies, found = [compile(text, file, "exec")], []
    for body in bodies:
        inner = [x for x in body.co_consts if isinstance(x, CodeType)]
        found += [x for x in inner if x.co_flags & inspect.CO_NEWLOCALS]
        bodies += [x for x in inner if not x.co_flags & inspect.CO_NEWLOCALS]  # of classes
    return found


def draw(wanted: int, seed: int) -> list[Mutant]:
    """Return mutants of every file, more of longer ones, in an order that mixes the files."""
    choice = random.Random(seed)
    files = [x for x in sorted(KERNEL.rglob("*.py")) if not LEFT_OUT & set(x.parts)]
    possible = {file: _mutations(file) for file in files}
    weights = {x: len(of[1]) * (2 if CORE & set(x.parts) else 1) for x, of in possible.items()}
    drawn = []
    for file, (wrapper, found) in possible.items():
        many = max(1, round(wanted * weights[file] / sum(weights.values())))
        drawn += [_mutant(file, wrapper, x) for x in choice.sample(found, min(many, len(found)))]
    choice.shuffle(drawn)
    return [x for x in drawn if x.functions()]


def _mutations(file: Path) -> tuple[MetadataWrapper, list[Mutation]]:
    """Return what may change within the bodies of a file's functions."""
    wrapper = MetadataWrapper(libcst.parse_module(file.read_text("utf-8")))
    visitor = MutationVisitor(OPERATORS, IgnoredCode(set(), set(), set()))
    wrapper.visit(visitor)
    within = libcst.FunctionDef
    return wrapper, [
        x for x in visitor.mutations if isinstance(x.contained_by_top_level_function, within)
    ]


def _mutant(file: Path, wrapper: MetadataWrapper, mutation: Mutation) -> Mutant:
    line = wrapper.resolve(PositionProvider)[mutation.original_node].start.line
    text = wrapper.module.code
    code = wrapper.module.deep_replace(mutation.original_node, mutation.mutated_node).code
    return Mutant(file.as_posix(), line, _statement(text, line), _change(text, code), code)


def _statement(text: str, line: int) -> tuple[int, int]:
    """Return the first and the last line of the smallest statement that a line is in."""
    spans = []
    for x in ast.walk(ast.parse(text)):
        if isinstance(x, ast.stmt):
            body = getattr(x, "body", None)
            spans.append((x.lineno, body[0].lineno - 1 if body else x.end_lineno or x.lineno))
    return max((x for x in spans if x[0] <= line <= x[1]), default=(line, line))


def _change(old: str, new: str) -> str:
    """Return the lines that differ, before and after."""
    lines = list(difflib.unified_diff(old.splitlines(), new.splitlines(), n=0, lineterm=""))[2:]
    gone, come = (" ".join(x[1:].strip() for x in lines if x[0] == sign) for sign in "-+")
    return f"{gone} -> {come}"
