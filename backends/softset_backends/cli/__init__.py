"""The entry of the command line: it runs where typer and rich are installed, and says if not."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command ``softset``."""
    try:
        from .commands import app
    except ImportError as error:
        needed = ("numpy", "rich", "typer")
        if error.name is None or error.name.partition(".")[0] not in needed:
            raise
        print(
            f"the command line needs {error.name}, which is not installed; "
            "pip install 'softset[cli]'",
            file=sys.stderr,
        )
        sys.exit(1)
    app()
