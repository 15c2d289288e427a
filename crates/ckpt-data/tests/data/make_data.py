"""Writes the arrays beside this script with NumPy, and ids.csv with their fingerprints.

    python3 crates/ckpt-data/tests/data/make_data.py

Written with NumPy 2.4.6. The fingerprints are computed here with hashlib alone, from the definition in
the documentation of ckpt-hash's TableHasher, so that two implementations must agree.
"""

import csv
import hashlib
import struct
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent

# Short and long decimals, subnormal, largest, a signed zero.
VALUES = np.array(
    [
        [0.1, 1 / 3, 5e-324, 2.0],
        [-0.0, 1e-300, 1.7976931348623157e308, 3.5],
        [0.0, -2.5, 123456789.123456789, -1.0],
        [1e22, 9007199254740993.0, -7e-10, 0.25],
        [1.0, 2.0, 3.0, 4.0],
    ]
)
DTYPES = ["int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "float32", "bool"]


def number(value):
    return struct.pack("<Q", value)


def field(content):
    return number(len(content)) + content


def columns(*vectors):
    return [
        hashlib.sha256(b"ckpt column f64\n" + v.astype("<f8").tobytes() + number(len(v))).digest()
        for v in vectors
    ]


def array(a):
    """An array that counts whole: dtype, shape, row-major little-endian bytes."""
    shape = number(a.ndim) + b"".join(map(number, a.shape))
    content = np.ascontiguousarray(a).astype(a.dtype.newbyteorder("<")).tobytes()
    fields = field(a.dtype.name.encode()) + shape + field(content)
    return [hashlib.sha256(b"ckpt array\n" + fields).digest()]


def data_id(parts):
    return hashlib.sha256(b"ckpt data\n" + number(len(parts)) + b"".join(parts)).hexdigest()


ids = []


def record(name, parts):
    ids.append([name, data_id(parts)])


def save(name, a, parts):
    np.save(HERE / name, a)
    record(name, parts)


def tables():
    """The same five rows in every form that gives one id."""
    parts = columns(*VALUES.T)
    with open(HERE / "values.csv", "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["x0", "x1", "x2", "y"])
        writer.writerows([map(repr, row) for row in VALUES.tolist()])
    record("values.csv", parts)
    save("values_c.npy", VALUES, parts)
    save("values_fortran.npy", np.asfortranarray(VALUES), parts)
    save("values_big_endian.npy", VALUES.astype(">f8"), parts)
    with open(HERE / "values_version_2.npy", "wb") as file:
        np.lib.format.write_array(file, VALUES, version=(2, 0))
    record("values_version_2.npy", parts)
    np.savez(HERE / "values.npz", y=VALUES[:, 3], X=VALUES[:, :3])
    record("values.npz", parts)
    np.savez_compressed(HERE / "values_deflated.npz", X=VALUES[:, :3], y=VALUES[:, 3])
    record("values_deflated.npz", parts)


def dtypes():
    """Two rows of three: the extremes of each type."""
    for name in DTYPES:
        dtype = np.dtype(name)
        if name == "bool":
            a = np.array([[True, False, True], [False, False, True]])
        elif name == "float32":
            a = np.array([[0.1, -3.5, 1e-45], [3.4028235e38, 0.0, 2.0]], dtype)
        else:
            info = np.iinfo(dtype)
            a = np.array([[info.min, 1, 2], [3, 4, info.max]], dtype)
        save(f"{name}.npy", a, array(a))
    a = np.asfortranarray(np.array([[1, 2, 3], [4, 5, -6]], ">i4"))
    save("int32_big_endian_fortran.npy", a, array(a))
    x, y = np.array([[0.1, 2], [3, 4], [5, 6]], "float32"), np.array([0, 1, 1], "int64")
    np.savez(HERE / "mixed.npz", X=x, y=y)
    record("mixed.npz", array(x) + array(y))


def others():
    """A vector, and what is no table or is not read."""
    save("vector.npy", np.array([1.5, -2.0, 0.1]), columns(np.array([1.5, -2.0, 0.1])))
    cube = np.arange(24.0).reshape(2, 3, 4)
    save("cube.npy", cube, array(cube))
    a, b = np.array([1.0, 2.0]), np.arange(8, dtype="uint8").reshape(2, 2, 2)
    np.savez(HERE / "images.npz", b=b, a=a)
    record("images.npz", columns(a) + array(b))
    np.save(HERE / "text.npy", np.array(["a", "bcd"]))
    np.save(HERE / "records.npy", np.array([(1.0, 2)], dtype=[("a", "<f8"), ("b", "<i4")]))
    np.save(HERE / "float16.npy", np.array([1.0, 2.0], "float16"))


if __name__ == "__main__":
    tables()
    dtypes()
    others()
    with open(HERE / "ids.csv", "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["file", "id"])
        writer.writerows(ids)
