"""Writes the fixtures beside this script that numpy, safetensors and gguf make, and their content.

expected.json holds for each file its tensors: dtype, shape, and the bytes as hexadecimal digits.
Packages: numpy, safetensors, gguf. The files of PyTorch are make_torch.py's.
"""

import json
from pathlib import Path

import gguf
import numpy as np
from safetensors.numpy import save_file

here = Path(__file__).parent
expected = {}

NAMES = {
    "bool": "BOOL", "uint8": "U8", "int8": "I8", "uint16": "U16", "int16": "I16",
    "uint32": "U32", "int32": "I32", "uint64": "U64", "int64": "I64",
    "float16": "F16", "float32": "F32", "float64": "F64", "complex64": "C64",
}


def expect(file, arrays):
    expected[file] = {
        name: {"dtype": NAMES[array.dtype.name], "shape": array.shape, "hex": array.tobytes().hex()}
        for name, array in arrays.items()
    }


def safetensors():
    mixed = {
        "layer.weight": np.arange(6, dtype=np.float32).reshape(2, 3),
        "layer.bias": np.array([0.5, -0.5], dtype=np.float16),
        "mask": np.array([True, False, True]),
        "step": np.array(12, dtype=np.int64),
        "nothing": np.zeros((0, 4), dtype=np.float64),
        "größe \"q\"": np.array([1, 2], dtype=np.uint8),
    }
    save_file(mixed, here / "mixed.safetensors", metadata={"format": "np"})
    save_file({}, here / "empty.safetensors")


def npy():
    read = {
        "matrix": np.arange(6, dtype=np.float32).reshape(2, 3),
        "scalar": np.array(2.5),
        "nothing": np.zeros((0, 3), dtype=np.int16),
        "complex": np.array([1 + 2j, 3 - 4j], dtype=np.complex64),
        "column": np.asfortranarray(np.arange(4, dtype=np.int8).reshape(4, 1)),
    }
    for name, array in read.items():
        np.save(here / f"{name}.npy", array)
        expect(f"{name}.npy", {"array": array})
    with open(here / "version3.npy", "wb") as file:
        array = np.arange(3, dtype=np.uint16)
        np.lib.format.write_array(file, array, version=(3, 0))
    expect("version3.npy", {"array": array})
    kept = {
        "fortran": np.asfortranarray(np.arange(6, dtype=np.float32).reshape(2, 3)),
        "big_endian": np.arange(3, dtype=">f4"),
        "object": np.array([{"a": 1}, None], dtype=object),
        "text": np.array(["a", "bc"]),
        "structured": np.array([(1, 2.0)], dtype=[("a", "<i4"), ("b", "<f8")]),
        "dates": np.array(["2026-01-01"], dtype="datetime64[D]"),
        "wide_complex": np.array([1 + 2j]),
    }
    for name, array in kept.items():
        np.save(here / f"{name}.npy", array, allow_pickle=True)
        expect(f"{name}.npy", {})


def npz():
    arrays = {
        "w": np.arange(6, dtype=np.float32).reshape(2, 3),
        "layer/b": np.array([0.5, -0.5], dtype=np.float16),
        "größe": np.array([1, 2], dtype=np.uint8),
        "nothing": np.zeros((0, 4)),
    }
    np.savez(here / "arrays.npz", **arrays)
    expect("arrays.npz", arrays)
    np.savez_compressed(here / "compressed.npz", w=arrays["w"], b=arrays["layer/b"])
    expect("compressed.npz", {})
    np.savez(here / "partly.npz", w=arrays["w"], kept=np.asfortranarray(arrays["w"]))
    expect("partly.npz", {"w": arrays["w"]})
    np.savez(here / "no_arrays.npz")
    expect("no_arrays.npz", {})


def gguf_file(name, quantized):
    writer = gguf.GGUFWriter(here / name, "llama")
    writer.add_string("general.name", "tiny")
    writer.add_uint32("llama.block_count", 1)
    writer.add_float32("llama.attention.layer_norm_rms_epsilon", 1e-5)
    writer.add_bool("tokenizer.ggml.add_bos_token", True)
    writer.add_array("tokenizer.ggml.tokens", ["<s>", "a", "größe"])
    writer.add_array("tokenizer.ggml.scores", [0.0, -1.0, -2.5])
    tensors = {
        "token_embd.weight": np.arange(6, dtype=np.float32).reshape(2, 3),
        "output_norm.weight": np.array([0.5, -0.5, 1.5], dtype=np.float16),
        "steps": np.array([[[1], [-1]]], dtype=np.int64),
        "wide": np.array([0.1, 0.2], dtype=np.float64),
    }
    for tensor, array in tensors.items():
        writer.add_tensor(tensor, array)
    if quantized:
        values = np.linspace(-1, 1, 64, dtype=np.float32).reshape(2, 32)
        for tensor, kind in quantized.items():
            blocks = gguf.quants.quantize(values, kind)
            writer.add_tensor(tensor, blocks, raw_dtype=kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    expect(name, tensors)


safetensors()
npy()
npz()
gguf_file("plain.gguf", {})
kinds = gguf.GGMLQuantizationType
blocks = {"a.weight": kinds.Q8_0, "b.weight": kinds.Q4_0, "c.weight": kinds.Q8_0}
gguf_file("quantized.gguf", blocks)
text = json.dumps(expected, indent=1, ensure_ascii=False, default=list)
(here / "expected.json").write_text(text + "\n")
