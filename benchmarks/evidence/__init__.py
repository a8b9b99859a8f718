"""Where soft counts help, where they do not, and by how much: ``python -m benchmarks.evidence``."""
