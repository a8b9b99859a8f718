"""Put the version of softset in the foot of every page."""

from __future__ import annotations

from typing import Any

import softset


def on_config(config: Any) -> Any:
    """Write the foot."""
    config.copyright = f"softset {softset.__version__}, BSD 3-Clause"
    return config
