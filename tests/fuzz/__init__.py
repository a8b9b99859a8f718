"""Random calls of public functions, held to definitions in plain Python."""
