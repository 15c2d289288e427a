"""Writes the fixtures beside this script that torch makes, and what is in them.

expected_torch.json holds for each file its tensors: dtype, shape, and the bytes as hexadecimal
digits, or null where they are not row-major. Packages: torch 1.13, numpy. legacy.pt and script.pt
get other bytes each time.
"""

import io
import json
import zipfile
from collections import Counter, defaultdict
from pathlib import Path

import numpy as np
import torch
from torch import nn

here = Path(__file__).parent
expected = {}

NAMES = {
    torch.bool: "BOOL", torch.uint8: "U8", torch.int8: "I8", torch.int16: "I16",
    torch.int32: "I32", torch.int64: "I64", torch.float16: "F16", torch.bfloat16: "BF16",
    torch.float32: "F32", torch.float64: "F64", torch.complex64: "C64",
}


def flatten(value, path=()):
    if isinstance(value, torch.Tensor):
        yield ".".join(path), value
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from flatten(inner, (*path, str(key)))
    elif isinstance(value, (list, tuple)):
        for place, inner in enumerate(value):
            yield from flatten(inner, (*path, str(place)))


def describe(tensor):
    tensor = tensor.detach()
    # The bytes of a contiguous copy; numpy knows no bfloat16, so they are taken as they are.
    flat = tensor.contiguous().reshape(-1)
    raw = bytes(flat.clone().storage().untyped()) if flat.numel() else b""
    digits = raw.hex() if tensor.is_contiguous() else None
    return {"dtype": NAMES[tensor.dtype], "shape": list(tensor.shape), "hex": digits}


def save(name, value, unwrap=None, **options):
    torch.save(value, here / name, **options)
    tensors = dict(flatten(value))
    if unwrap:
        tensors = {key.removeprefix(unwrap + "."): tensor for key, tensor in tensors.items()}
    expected[name] = {
        key: describe(tensor) for key, tensor in tensors.items() if tensor.dtype in NAMES
    }


def kept_whole(name, value, **options):
    torch.save(value, here / name, **options)
    expected[name] = {}


def compiled(name, module):
    buffer = io.BytesIO()
    torch.jit.save(module, buffer)
    # Without what names the source files of the machine that wrote it.
    with zipfile.ZipFile(buffer) as full, zipfile.ZipFile(here / name, "w") as kept:
        for member in full.infolist():
            if not member.filename.endswith(".debug_pkl"):
                kept.writestr(member, full.read(member))
    expected[name] = {}


class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(2, 2, 2, bias=False)
        self.norm = nn.BatchNorm2d(2)
        self.head = nn.Linear(2, 3)

    def forward(self, x):
        return self.head(self.norm(self.conv(x)).mean((2, 3)))


def training():
    torch.manual_seed(1)
    model = Model()
    save("bare.pt", model.state_dict())
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    scheduler = torch.optim.lr_scheduler.MultiStepLR(optimizer, [2, 5])
    loss = model(torch.ones(2, 2, 3, 3)).square().sum()
    loss.backward()
    optimizer.step()
    scheduler.step()
    checkpoint = {
        "epoch": 1,
        "loss": loss.item(),
        "model": model.state_dict(),
        "optimizer": optimizer.state_dict(),
        "scheduler": scheduler.state_dict(),
        "rng": torch.ByteTensor([1, 2, 3]),
        "history": [0.5, None, True, {"name": "größe", "lrs": (0.1, 10**30, -5)}],
    }
    save("training.pt", checkpoint, unwrap="model")
    torch.manual_seed(2)
    small = nn.Sequential(nn.Linear(2, 2))
    save("parallel.pth", {"state_dict": nn.DataParallel(small).state_dict()}, unwrap="state_dict")
    kept_whole("module.pt", small)
    kept_whole("legacy.pt", small.state_dict(), _use_new_zipfile_serialization=False)
    compiled("script.pt", torch.jit.script(small))


def tensors():
    tied = nn.Linear(2, 2, bias=False).weight
    save("tied.pt", {"embed.weight": tied, "lm_head.weight": tied, "flat": tied.detach().view(4)})
    whole = torch.arange(12, dtype=torch.float32)
    views = {"b": whole[6:12].view(2, 3), "a": whole[1:4], "odd": whole[::2], "over": whole[3:8]}
    save("views.pt", views)
    weight = torch.arange(6, dtype=torch.float32).reshape(2, 3)
    image = torch.arange(16, dtype=torch.float32).reshape(1, 2, 2, 4)
    strided = {
        "plain": weight,
        "transposed": weight.clone().t(),
        "channels_last": image.to(memory_format=torch.channels_last),
        # Strides of extents of 1 say nothing.
        "column": torch.arange(3).reshape(1, 3).t()[:, :1],
    }
    save("strided.pt", strided)
    kinds = {
        str(dtype).removeprefix("torch."): torch.tensor([0, 1, 1], dtype=dtype) for dtype in NAMES
    }
    kinds["complex128"] = torch.tensor([1 + 2j], dtype=torch.complex128)
    save("dtypes.pt", kinds)
    parameter = nn.Parameter(torch.tensor([1.5, 2.5]))
    tagged, tagged_parameter = torch.tensor([5]), nn.Parameter(torch.tensor([6.0]))
    tagged.tag = tagged_parameter.tag = "an attribute"
    odds = {
        "parameter": parameter,
        "frozen": nn.Parameter(torch.tensor([3.0]), requires_grad=False),
        "scalar": torch.tensor(7.0),
        "nothing": torch.zeros(0, 3),
        "list": [torch.tensor([1]), (torch.tensor([2]), {5: torch.tensor([3])})],
        "size": torch.Size([1, 2]),
        "device": torch.device("cpu"),
        "dtype": torch.bfloat16,
        "set": {1, 2},
        "bytes": b"abc",
        "complex": 1 + 2j,
        "number": np.float64(0.5),
        "array": np.arange(3),
        "defaults": defaultdict(list, {"a": [torch.tensor([4])]}),
        "counts": Counter("abca"),
        "tagged": tagged,
        "tagged_parameter": tagged_parameter,
    }
    save("odds.pt", odds)
    save("tensor.pt", torch.arange(3))
    expected["tensor.pt"] = {"tensor": expected["tensor.pt"][""]}
    save("protocol4.pt", {"w": weight, "wide": {"b": torch.tensor([True])}}, pickle_protocol=4)


training()
tensors()
text = json.dumps(expected, indent=1, ensure_ascii=False)
(here / "expected_torch.json").write_text(text + "\n")
