"""Files that a person names, and files that appear whole or not at all."""

from __future__ import annotations

import os
import stat
import tempfile
from pathlib import Path

from recagent_catalogs.errors import BadInput


def typed_path(text: str) -> Path:
    """A path as a person types it: `~` is a home directory.

    Raises:
        BadInput: nobody is called so, or it can be no path.
    """
    try:
        path = Path(text).expanduser()
        os.fsencode(path)
    except (RuntimeError, ValueError) as error:
        raise BadInput(f"no path: {error}", path=text[:200]) from error
    if "\0" in text:
        raise BadInput("no path: it holds a zero byte")
    return path


def require_stream(path: Path) -> Path:
    """Check that a file can be read from its beginning to its end, by a command without `-`.

    A shell's `<(command)` may be a pipe, by its number. Any other pipe might have no writer, which
    would be waited for without a word, and a device might have no end.

    Raises:
        BadInput: it is missing, a folder, a pipe or a device, or not readable.
    """
    from recagent_catalogs.formats.files import require_regular

    numbered = str(path).startswith(("/dev/fd/", "/proc/self/fd/")) or str(path) == "/dev/stdin"
    if numbered and path.is_fifo():
        return path
    return require_regular(path)


def write_whole(path: Path, text: str) -> None:
    """Write a text as UTF-8, by one rename, in place of a file that is there.

    A link stays, and what it leads to is replaced; who may read a file stays as well.

    Raises:
        BadInput: it cannot be written.
    """
    temporary: str | None = None
    try:
        real = path.resolve()
        handle, temporary = tempfile.mkstemp(dir=real.parent, prefix=f".{real.name[:50]}.")
        if real.is_file():
            os.chmod(temporary, stat.S_IMODE(real.stat().st_mode))
        elif real.exists():
            raise BadInput("no regular file", path=path)
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, real)
        temporary = None
    except (OSError, RuntimeError, ValueError) as error:
        told = getattr(error, "strerror", None) or error
        raise BadInput(f"cannot be written: {told}", path=path) from error
    finally:
        if temporary is not None:
            Path(temporary).unlink(missing_ok=True)
