"""Figures on disk: SVG, PNG and CSV of one name, whole or not at all, the same bytes each time."""

from __future__ import annotations

import io
import os
from pathlib import Path

from paget.report.style import Drawing, settings

PNG_DPI = 120
"""Resolution of the PNG (dots per inch)."""

# Text stays text in the SVG (searchable, readable aloud, a third of the size); where DejaVu Sans is not
# installed a font of
# about its width or less takes its place, so that nothing runs into anything.
_FONT, _FONTS = "'DejaVu Sans'", "'DejaVu Sans', Verdana, Helvetica, Arial, sans-serif"


def warm() -> None:
    """Import what drawing needs (a second of CPU time), so that a thread can do it while kernels run."""
    import matplotlib.backends.backend_agg
    import matplotlib.backends.backend_svg
    import matplotlib.figure  # noqa: F401


def svg_text(drawing: Drawing) -> str:
    """Render the figure as SVG with its title and description inside, and no date."""
    import matplotlib as mpl

    buffer = io.StringIO()
    with mpl.rc_context(settings({"svg.hashsalt": "paget", "svg.fonttype": "none"})):
        drawing.figure.savefig(
            buffer,
            format="svg",
            metadata={
                "Date": None,
                "Creator": None,
                "Title": drawing.title,
                "Description": drawing.alt,
                "Format": None,
                "Type": None,
            },
        )
    return buffer.getvalue().replace(_FONT, _FONTS)


def png_bytes(drawing: Drawing, dpi: int = PNG_DPI) -> bytes:
    """Render the figure as PNG; the alternative text is in its metadata."""
    import matplotlib as mpl

    buffer = io.BytesIO()
    with mpl.rc_context(settings()):
        drawing.figure.savefig(
            buffer,
            format="png",
            dpi=dpi,
            metadata={"Software": None, "Title": drawing.title, "Description": drawing.alt},
            pil_kwargs={"compress_level": 2},
        )
    return buffer.getvalue()


def save(drawing: Drawing, folder: Path, name: str, *, dpi: int = PNG_DPI) -> dict[str, Path]:
    """Write ``name.svg``, ``name.png`` and ``name.csv`` into `folder`.

    Parameters
    ----------
    drawing : Drawing
        The figure, its data and its words.
    folder : Path
        Where to; made if it is not there.
    name : str
        File name without its ending.
    dpi : int
        Resolution of the PNG.

    Returns
    -------
    dict of Path
        The three files by their ending. Each is written beside its place and then moved, so that a run that
        is killed leaves
        no half-written file.
    """
    folder.mkdir(parents=True, exist_ok=True)
    contents = {
        "svg": svg_text(drawing).encode(),
        "png": png_bytes(drawing, dpi),
        "csv": drawing.data.write_csv(float_precision=6).encode(),
    }
    return {ending: write_atomic(folder / f"{name}.{ending}", data) for ending, data in contents.items()}


def write_atomic(path: Path, data: bytes) -> Path:
    """Write `data` beside `path` and move it there; nothing is left behind if that fails."""
    temporary = path.with_name(f".{path.name}.part")
    try:
        temporary.write_bytes(data)
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
    return path
