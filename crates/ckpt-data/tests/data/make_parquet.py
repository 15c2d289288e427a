"""Writes the Parquet files beside this script with pyarrow.

    python3 crates/ckpt-data/tests/data/make_parquet.py

Written with pyarrow 26.0.1. `values` holds the numbers of values.csv, `kinds` every type that is
read in several compressions, encodings and versions, the others one thing each that is refused.
"""

from pathlib import Path

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

HERE = Path(__file__).parent

INTEGERS = {
    "i8": (pa.int8(), [-128, 127]),
    "i16": (pa.int16(), [-(2**15), 2**15 - 1]),
    "i32": (pa.int32(), [-(2**31), 2**31 - 1]),
    "i64": (pa.int64(), [-(2**53), 2**63 - 1]),
    "u8": (pa.uint8(), [0, 255]),
    "u16": (pa.uint16(), [1, 2**16 - 1]),
    "u32": (pa.uint32(), [1, 2**32 - 1]),
    "u64": (pa.uint64(), [1, 2**64 - 1]),
}


def write(name, table, **options):
    # No statistics and no copy of the schema in Arrow's own form: the files stay small.
    options = {"write_statistics": False, "store_schema": False} | options
    pq.write_table(table, HERE / f"{name}.parquet", **options)


def kinds():
    columns = {name: pa.array([*values, 7, 8, 9], type) for name, (type, values) in INTEGERS.items()}
    columns["bool"] = pa.array([True, False, False, True, True])
    columns["f32"] = pa.array([0.1, -0.0, 3.4028235e38, float("inf"), 1.5], pa.float32())
    columns["f64"] = pa.array([0.1, 5e-324, -1e300, 2.0, 2.0])
    columns["text"] = pa.array(["b", "", "\u00e9 x", "b", "b"])
    columns["category"] = pa.array(["u", "v", "u", "u", "v"]).dictionary_encode()
    # One column that can never be null.
    columns["never_null"] = pa.array([1.0, 2.0, 3.0, 4.0, 5.0])
    schema = [pa.field(name, column.type, name != "never_null") for name, column in columns.items()]
    return pa.table(list(columns.values()), pa.schema(schema))


def one(values, type=None):
    return pa.table({"a": pa.array([1.0] * len(values)), "b": pa.array(values, type)})


if __name__ == "__main__":
    values = pa.csv.read_csv(HERE / "values.csv")
    write("values", values, row_group_size=2)
    write("kinds_snappy", kinds(), row_group_size=2)
    write("kinds_zstd_v2", kinds(), compression="zstd", data_page_version="2.0")
    write("kinds_gzip_plain", kinds(), compression="gzip", use_dictionary=False)
    write("kinds_none", kinds(), compression="none", data_page_size=8)
    numbers = ["f32", "f64", "never_null"]
    planes = kinds().select(numbers)
    write("planes", planes, use_dictionary=False, use_byte_stream_split=numbers)

    write("null", one(["x", "y", None, None]), row_group_size=2)
    write("nested", one([[1], [2, 3]]))
    write("timestamp", one([1, 2], pa.timestamp("us")))
    write("decimal", one([1, 2], pa.decimal128(9, 2)))
    write("binary", one([b"x", b"\xff"], pa.binary()))
    write("delta", one([1, 2]), use_dictionary=False, column_encoding={"a": "PLAIN", "b": "DELTA_BINARY_PACKED"})
    write("lz4", one([1, 2]), compression="lz4")
    write("same_name", pa.table([pa.array([1.0]), pa.array([2.0])], ["a", "a"]))
    write("no_rows", one([1]).slice(0, 0))
    # A row that would take a gigabyte as text.
    write("repeated", pa.table({"a": pa.array(["x" * 10_000] * 100_000), "b": pa.nulls(100_000, pa.float64()).fill_null(0)}))
