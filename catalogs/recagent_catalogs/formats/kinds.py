"""Files that are something else than a text table, known by how they begin."""

from __future__ import annotations

from ..errors import BadInput

_TABLE = "a table is needed: CSV, TSV, Parquet or JSON lines"
_UNPACK = "unpack it first; of packed files only .gz is read"
_KINDS = (
    (b"PAR1", "a Parquet file", "name it .parquet"),
    (b"PARE", "an encrypted Parquet file", "write it without encryption"),
    (
        b"PK\x03\x04",
        "a spreadsheet or a zip archive",
        "save the sheet as CSV, or unpack the archive",
    ),
    (b"\xd0\xcf\x11\xe0", "a spreadsheet of an old kind", "save the sheet as CSV"),
    (b"\x1f\x8b", "packed by gzip", "name it .gz; what is packed twice has to be unpacked once"),
    (b"BZh", "packed by bzip2", _UNPACK),
    (b"\xfd7zXZ\0", "packed by xz", _UNPACK),
    (b"\x28\xb5\x2f\xfd", "packed by zstd", _UNPACK),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive", _UNPACK),
    (b"Rar!\x1a", "a RAR archive", _UNPACK),
    (b"SQLite format 3", "an SQLite database", "export the table as CSV"),
    (b"ARROW1", "an Arrow file", "save it as Parquet"),
    (b"FEA1", "a Feather file", "save it as Parquet"),
    (b"ORC", "an ORC file", "save it as Parquet"),
    (b"Obj\x01", "an Avro file", "save it as Parquet"),
    (b"\x89HDF\r\n", "an HDF5 file", "save the table as CSV or Parquet"),
    (b"\x93NUMPY", "a NumPy array", _TABLE),
    (b"\x80\x04\x95", "a pickle, which is never opened", _TABLE),
    (b"\x80\x05\x95", "a pickle, which is never opened", _TABLE),
    (b"\x7fELF", "a program", _TABLE),
    (b"MZ\x90", "a program", _TABLE),
    (b"\x89PNG", "a picture", _TABLE),
    (b"\xff\xd8\xff", "a picture", _TABLE),
    (b"GIF8", "a picture", _TABLE),
    (b"%PDF", "a PDF", _TABLE),
    (b"{\\rtf", "a text with formats (RTF)", _TABLE),
)


def refuse_other_kinds(head: bytes, name: str) -> None:
    """Look at the beginning of what should be a text table.

    Args:
        head: the first bytes, unpacked.
        name: the file's, for messages.

    Raises:
        BadInput: it is something else that is known.
    """
    for mark, kind, hint in _KINDS:
        # "ORC" and "BZh" begin words as well.
        if head.startswith(mark) and (len(mark) > 3 or b"\0" in head[:64]):
            raise BadInput(f"this is {kind}, no text table", path=name, hint=hint)
    start = head.decode("utf-8", "replace").lstrip("\ufeff \t\r\n")
    if start[:1] == "<":
        raise BadInput("this is HTML or XML, no table", path=name, line=1)
    if start[:1] in ("{", "["):
        raise BadInput(
            "this begins like JSON, no text table", path=name, line=1, hint="name it .jsonl"
        )
