"""Mutants of the kernel, and whether the tests that run at once notice them."""
