#!/usr/bin/env python3
"""Computes the examples of DataId and CodeId in docs/format.md by what that page says.

    python3 fingerprints.py docs/format.md

Exit code 0: the page shows the same ids; 1: it does not.
"""

import struct
import sys
from pathlib import Path

from blocks import sha
from records import counted, number


def numbers(*values):
    return sha(b"ckpt column f64\n", *(struct.pack("<d", value) for value in values), number(len(values)))


def texts(*values):
    return sha(b"ckpt column utf8\n", *map(counted, values))


def array(dtype, shape, data):
    return sha(b"ckpt array\n", counted(dtype), number(len(shape)), *map(number, shape), counted(data))


def file(data):
    return sha(b"ckpt file\n", sha(data))


def data_id(*parts):
    return sha(b"ckpt data\n", number(len(parts)), *parts)


def code_file(data):
    return counted("file") + sha(data)


def code_folder(files):
    return counted("folder") + b"".join(counted(path) + code_file(files[path]) for path in sorted(files))


EXAMPLES = [
    data_id(),
    data_id(numbers(1.0, 2.0), texts("a", "bc")),
    data_id(array("int16", [2, 1], struct.pack("<2h", 1, -1))),
    data_id(file(b"abc")),
    sha(b"ckpt code\n", code_file(b"abc")),
    sha(b"ckpt code\n", code_folder({"a.py": b"abc", "lib/b.py": b""})),
]


def main():
    page = Path(sys.argv[1]).read_text(encoding="utf-8")
    missing = [example.hex() for example in EXAMPLES if f"| `{example.hex()}` |" not in page]
    for example in missing:
        print(f"the page does not show {example}", file=sys.stderr)
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
