"""Where things are in the repository, and which files are tracked."""

import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "paget"


def tracked() -> list[Path]:
    """Tracked text files; all files of an unpacked archive without git."""
    try:
        listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout.decode()
        paths = [ROOT / name for name in listed.split("\0") if name]
    except (OSError, subprocess.CalledProcessError):
        paths = [path for path in ROOT.rglob("*") if path.is_file() and ".git" not in path.parts]
    binary = {".png", ".gz", ".parquet", ".ico", ".woff2"}
    return [path for path in paths if path.exists() and path.suffix not in binary]
