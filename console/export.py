"""A picture of the screen in a file, as SVG: written in a thread, whole or not at all."""

from __future__ import annotations

import asyncio
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.segment import Segment
from textual.app import App

from console.picture import XTERM, rows_of, svg

FOLDER = "screenshots"


async def export_screen(app: App[Any], folder: Path, wall_ms: int) -> str:
    """Write what `app` shows now to a file below `folder`; says in one line where it is, or why it is not."""
    rows = rows_of(app)
    path = export_path(folder, wall_ms)
    try:
        await asyncio.to_thread(export, rows, app.size.width, path)
    except OSError as error:
        return f"The picture could not be written: {error.strerror or error}: {path}"
    return f"Picture: {path}"


def export_path(folder: Path, wall_ms: int) -> Path:
    """Where a picture taken now goes: screenshots/ in `folder`, named after the second."""
    moment = datetime.fromtimestamp(wall_ms / 1_000, UTC).strftime("%Y%m%d-%H%M%S")
    return folder / FOLDER / f"quarterdeck-{moment}.svg"


def export(rows: list[list[Segment]], columns: int, path: Path) -> None:
    """Write rows of segments, `columns` cells wide, to `path`. Raises OSError; what was there before stays then."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        beside.write_text(svg(rows, columns, "Quarterdeck", XTERM), encoding="utf-8")
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
