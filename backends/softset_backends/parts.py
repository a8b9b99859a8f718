"""What gradients from micro-batches have in common in all frameworks."""

from __future__ import annotations

from typing import Any


def unpack(part: Any) -> tuple[Any, Any, dict[str, Any]]:
    """Return the inputs, the labels and the options of the loss of one of the `parts`."""
    if not (isinstance(part, (tuple, list)) and len(part) in (2, 3)):
        raise TypeError(
            f"`parts` must hold (inputs, y_true) or (inputs, y_true, options), got {part!r:.80}"
        )
    inputs, y_true, *rest = part
    options = rest[0] if rest else {}
    if not isinstance(options, dict):
        raise TypeError(
            "the options of a part must be a dict with `sample_weight`, `where` and "
            "`groups`, "
            f"got {type(options).__name__}"
        )
    return inputs, y_true, options
