"""Sections 5 and 6 of docs/format.md: encodings of objects, and hashes of content."""

import hashlib
import shutil
import struct
import subprocess

MIB = 1 << 20
RAW, PLANES, ZSTD = range(3)

# code -> (name, bits, element bytes where planes are possible, rotated).
DTYPES = {
    1: ("BOOL", 8, 0, False), 2: ("U8", 8, 0, False), 3: ("I8", 8, 0, False),
    4: ("U16", 16, 2, False), 5: ("I16", 16, 2, False), 6: ("U32", 32, 4, False),
    7: ("I32", 32, 4, False), 8: ("U64", 64, 8, False), 9: ("I64", 64, 8, False),
    16: ("F16", 16, 2, True), 17: ("BF16", 16, 2, True), 18: ("F32", 32, 4, True),
    19: ("F64", 64, 8, True), 32: ("F8_E4M3", 8, 0, False), 33: ("F8_E5M2", 8, 0, False),
    34: ("F8_E8M0", 8, 0, False), 35: ("F8_E4M3FNUZ", 8, 0, False), 36: ("F8_E5M2FNUZ", 8, 0, False),
    37: ("F6_E2M3", 6, 0, False), 38: ("F6_E3M2", 6, 0, False), 39: ("F4", 4, 0, False),
    48: ("C64", 64, 4, True),
}


class Damage(Exception):
    """Bytes that are not as the format has them."""


class NoDecoder(Exception):
    """A compressed object where no zstd decoder is installed."""


def need(condition, what):
    if not condition:
        raise Damage(what)


def sha(*parts):
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part)
    return digest.digest()


def zstd_decoder():
    try:
        from compression import zstd  # Python 3.14

        return zstd.decompress
    except ImportError:
        pass
    try:
        import zstandard

        return lambda frame: zstandard.ZstdDecompressor().decompress(frame, allow_extra_data=False)
    except ImportError:
        pass
    program = shutil.which("zstd")
    if program is None:
        return None

    def run(frame):
        done = subprocess.run([program, "-dcq"], input=frame, capture_output=True)
        if done.returncode != 0:
            raise ValueError(done.stderr.decode(errors="replace").strip())
        return done.stdout

    return run


DECOMPRESS = zstd_decoder()


def stated_length(frame):
    """The content length in the header of a zstd frame, RFC 8878 section 3.1.1.1."""
    need(len(frame) > 4 and frame[:4] == b"\x28\xb5\x2f\xfd", "a zstd frame does not start as one")
    single_segment, dictionary = frame[4] >> 5 & 1, (0, 1, 2, 4)[frame[4] & 3]
    size = (single_segment, 2, 4, 8)[frame[4] >> 6]
    at = 5 + (1 - single_segment) + dictionary
    need(size and dictionary == 0 and len(frame) >= at + size, "a zstd frame does not state its length")
    return int.from_bytes(frame[at:at + size], "little") + (256 if size == 2 else 0)


def read_frame(frame, length):
    need(stated_length(frame) == length, "a zstd frame is not of the expected length")
    if DECOMPRESS is None:
        raise NoDecoder("compressed objects need Python 3.14 or the package zstandard")
    try:
        content = DECOMPRESS(frame)
    except Exception as error:
        raise Damage(f"a zstd frame does not decode: {error}") from None
    need(len(content) == length, "a zstd frame is not of the expected length")
    return content


def read_plane(take, count):
    mode = take(1)[0]
    if mode == 0:
        return take(1) * count
    if mode == 1:
        return take(count)
    need(mode == 2, f"byte plane mode {mode} is not known")
    return read_frame(take(struct.unpack("<I", take(4))[0]), count)


def read_planes(stored, raw_len, layout):
    width, rotated = DTYPES[layout][2:] if layout in DTYPES else (0, False)
    need(width, "byte planes without elements of several bytes")
    need(raw_len <= MIB, "a block of elements is too long")
    count, at, planes = raw_len // width, 0, []

    def take(length):
        nonlocal at
        need(at + length <= len(stored), "byte planes end too early")
        at += length
        return stored[at - length:at]

    for _ in range(width if count else 0):
        planes.append(read_plane(take, count))
    tail = take(raw_len % width)
    need(at == len(stored), "bytes follow the planes")
    elements = bytearray(count * width)
    for k, plane in enumerate(planes):
        elements[k::width] = plane
    if rotated:
        number, top = struct.Struct({2: "<H", 4: "<I", 8: "<Q"}[width]), 8 * width - 1
        for i in range(0, len(elements), width):
            (e,) = number.unpack_from(elements, i)
            number.pack_into(elements, i, e >> 1 | (e & 1) << top)
    return bytes(elements) + tail


def decode(encoding, stored, raw_len, layout):
    need(layout == 0 or layout in DTYPES, f"layout {layout} is not known")
    if encoding == RAW:
        need(len(stored) == raw_len, "a raw object is not of its raw length")
        return stored
    if encoding == PLANES:
        return read_planes(stored, raw_len, layout)
    need(encoding == ZSTD, f"encoding {encoding} is not known")
    need(raw_len <= (MIB if layout and DTYPES[layout][2] else 64 * MIB), "an object is too long")
    return read_frame(stored, raw_len)


def leaf_hash(data):
    return sha(b"\0", data)


def tree_root(leaves):
    if not leaves:
        return sha()
    if len(leaves) == 1:
        return leaves[0]
    k = 1 << (len(leaves) - 1).bit_length() - 1
    return sha(b"\1", tree_root(leaves[:k]), tree_root(leaves[k:]))


class TreeHasher:
    """The tree hash of content that comes in pieces."""

    def __init__(self):
        self.leaves, self.rest = [], bytearray()

    def update(self, data):
        self.rest += data
        while len(self.rest) >= MIB:
            self.leaves.append(leaf_hash(self.rest[:MIB]))
            del self.rest[:MIB]

    def root(self):
        return tree_root(self.leaves + ([leaf_hash(self.rest)] if self.rest else []))
