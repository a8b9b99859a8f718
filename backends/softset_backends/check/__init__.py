"""Gradients checked against each other on every backend, and what keeps a batch from teaching."""
