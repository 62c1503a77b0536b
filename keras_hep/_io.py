"""Files: outputs that appear whole or not at all, content hashes, the cache directory."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import platformdirs

from keras_hep.errors import DataError, OutputError

__all__ = [
    "atomic_path",
    "cache_dir",
    "content_hash",
    "file_hash",
    "parse_json",
    "read_text",
    "write_json",
    "write_text",
]


def cache_dir() -> Path:
    """Return the user's cache directory for keras_hep (``KERAS_HEP_CACHE`` overrides it), made if need be."""
    path = Path(os.environ.get("KERAS_HEP_CACHE") or platformdirs.user_cache_dir("keras_hep"))
    path.mkdir(parents=True, exist_ok=True)
    return path


@contextmanager
def atomic_path(path: str | Path, directory: bool = False) -> Iterator[Path]:
    """Give a temporary path beside `path`, and move it to `path` when the block ends without an error.

    An error inside the block removes the temporary path and leaves an existing `path` as it was.

    Args:
        path: where the output belongs; its parent is made if need be.
        directory: the output is a folder (made empty) and replaces an existing folder as a whole.

    Raises:
        OutputError: the disk is full, or the place cannot be written to.
    """
    path = Path(path)
    temporary: Path | None = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if directory:
            temporary = Path(tempfile.mkdtemp(prefix=f".{path.name}.", dir=path.parent))
            temporary.chmod(0o755)
        else:
            # The suffix is kept: several writers (Keras, matplotlib) choose the format by it.
            handle, name = tempfile.mkstemp(prefix=f".{path.stem}.", suffix=path.suffix, dir=path.parent)
            os.close(handle)
            temporary = Path(name)
            temporary.chmod(0o644)
        yield temporary
        if directory and path.exists():
            old = Path(tempfile.mkdtemp(prefix=f".{path.name}.old.", dir=path.parent))
            path.replace(old / path.name)
            try:
                temporary.replace(path)
            except OSError:
                (old / path.name).replace(path)
                old.rmdir()
                raise
            shutil.rmtree(old, ignore_errors=True)
        else:
            temporary.replace(path)
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise OutputError(
                f"no space left on the disk while writing {path}; free some space and start again"
            ) from error
        if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EEXIST, errno.EISDIR):
            raise OutputError(f"cannot write {path}: {error.strerror}") from error
        raise
    finally:
        if temporary is not None and temporary.exists():
            shutil.rmtree(temporary, ignore_errors=True) if temporary.is_dir() else temporary.unlink(missing_ok=True)


def write_text(path: str | Path, text: str) -> Path:
    """Write `text` to `path` as a whole (see `atomic_path`)."""
    with atomic_path(path) as temporary:
        temporary.write_text(text, encoding="utf-8")
    return Path(path)


def write_json(path: str | Path, value: Any) -> Path:
    """Write `value` as indented JSON to `path` as a whole; NaN and infinity are refused."""
    return write_text(path, json.dumps(value, indent=2, allow_nan=False) + "\n")


def read_text(path: str | Path, what: str = "file") -> str:
    """Read a UTF-8 text file, or raise DataError naming it.

    Args:
        path: the file.
        what: what the file is for, used in the error, e.g. ``"feature specification"``.
    """
    try:
        return Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not a UTF-8 text file"
        raise DataError(f"cannot read the {what} {path}: {reason}") from error


def parse_json(path: str | Path, what: str = "file") -> Any:
    """Read a JSON file, or raise DataError naming it and the line that is wrong."""
    try:
        return json.loads(read_text(path, what))
    except json.JSONDecodeError as error:
        raise DataError(f"the {what} {path} is not valid JSON: line {error.lineno}: {error.msg}") from error


def file_hash(path: str | Path) -> str:
    """Return the SHA-256 of a file's content as 64 hexadecimal digits."""
    digest = hashlib.sha256()
    with Path(path).open("rb") as handle:
        while block := handle.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def content_hash(value: Any) -> str:
    """Return the SHA-256 of a JSON-like value, independent of the order of keys."""
    return hashlib.sha256(json.dumps(value, sort_keys=True, default=str).encode()).hexdigest()
