"""Commands that write labels and models for other programs."""

from __future__ import annotations

import typer

cli = typer.Typer(help="Write labels or a model for other programs.", no_args_is_help=True)
