"""Writes the safetensors files beside this script, with the Python packages numpy and safetensors.

mixed.safetensors: several dtypes, a scalar, a tensor without elements, metadata.
empty.safetensors: no tensors, no metadata.
"""

from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

here = Path(__file__).parent
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
