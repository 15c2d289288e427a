"""Sections 3 and 4 of docs/format.md: packs and objects."""

import struct
import zlib

from blocks import DTYPES, MIB, Damage, decode, leaf_hash, need, sha, tree_root
from differences import DELTA_PLANES, DELTA_RANGE, apply
from records import BLOCK, CHUNKS, KINDS, LEAVES, parse

DOMAINS = {kind: f"ckpt {word}\n".encode() for kind, word in KINDS.items()}


class Pack:
    """One pack, whose header, footer and index were checked."""

    def __init__(self, path):
        self.path = path
        with open(path, "rb") as file:
            length = file.seek(0, 2)
            need(length >= 96, f"{path.name}: it has only {length} bytes")
            header = self.read_at(file, 0, 32)
            footer = self.read_at(file, length - 64, 64)
            start, count, digest = struct.unpack_from("<QQ32s", footer)
            fits = start >= 32 and start + 64 * count + 64 == length
            need(fits, f"{path.name}: the footer does not fit the pack")
            index = self.read_at(file, start, 64 * count)
        need(header[:8] == b"ckptpack" and footer[56:] == b"ckptend\n", f"{path.name}: it is no pack")
        need(header[8:16] == b"\1" + b"\0" * 7, f"{path.name}: its pack format is not known")
        crc_ok = zlib.crc32(footer[:52]) == int.from_bytes(footer[52:56], "little")
        need(crc_ok and footer[48:52] == b"\0" * 4, f"{path.name}: the footer fails its checksum")
        need(sha(header, index) == digest, f"{path.name}: header or index are not as written")
        name = sha(b"ckpt pack\n", digest).hex()[:40] + ".pack"
        need(path.name == name, f"{path.name}: it should be named {name}")
        self.entries = [self.entry(index[i:i + 64]) for i in range(0, len(index), 64)]
        keys = [(e["digest"], e["kind"]) for e in self.entries]
        need(keys == sorted(set(keys)), f"{path.name}: the index is not sorted")
        end = 32
        for e in sorted(self.entries, key=lambda e: (e["offset"], e["stored_len"])):
            need(e["offset"] == end, f"{path.name}: its objects leave gaps or overlap")
            end += e["stored_len"]
        need(end == start, f"{path.name}: its objects do not end where the index starts")

    @staticmethod
    def read_at(file, offset, length):
        file.seek(offset)
        return file.read(length)

    def entry(self, data):
        digest, offset, stored_len, raw_len, crc, kind, encoding, layout, depth, zero, own_crc = struct.unpack(
            "<32sQIIIBBBB4sI", data
        )
        need(zlib.crc32(data[:60]) == own_crc, f"{self.path.name}: an index entry fails its checksum")
        need(kind in KINDS and zero == b"\0" * 4, f"{self.path.name}: an index entry is not known")
        return dict(digest=digest, offset=offset, stored_len=stored_len, raw_len=raw_len, crc=crc, kind=kind,
                    encoding=encoding, layout=layout, depth=depth)

    def read(self, e, base):
        """Reads an object; base(digest, depth) gives a block from a copy of less than that depth."""
        with open(self.path, "rb") as file:
            stored = self.read_at(file, e["offset"], e["stored_len"])
        what = f"{self.path.name}: {KINDS[e['kind']]} {e['digest'].hex()[:12]}"
        need(zlib.crc32(stored) == e["crc"], f"{what}: its bytes fail their checksum")
        try:
            data = self.decode(e, stored, base)
            self.check_id(e, data)
        except Damage as damage:
            raise Damage(f"{what}: {damage}") from None
        return data

    @staticmethod
    def decode(e, stored, base):
        if not DELTA_PLANES <= e["encoding"] <= DELTA_RANGE:
            need(e["depth"] == 0, "it is stored whole, yet at a depth")
            return decode(e["encoding"], stored, e["raw_len"], e["layout"])
        need(e["kind"] == BLOCK and 1 <= e["depth"] <= 8 and len(stored) >= 32, "a difference that cannot be")
        need(e["layout"] == 0 or e["layout"] in DTYPES, f"layout {e['layout']} is not known")
        return apply(e["encoding"], stored[32:], e["raw_len"], e["layout"], base(stored[:32], e["depth"]))

    @staticmethod
    def check_id(e, data):
        """A chunk list is checked by whoever reads its content."""
        kind = e["kind"]
        if kind == BLOCK:
            need(1 <= len(data) <= MIB, "a block has an impossible length")
            found = leaf_hash(data)
        elif kind == LEAVES:
            found = tree_root(parse(kind, data)["leaves"])
        elif kind == CHUNKS:
            parse(kind, data)
            found = e["digest"]
        else:
            found = sha(DOMAINS[kind], data)
        need(found == e["digest"], "its bytes do not have its id")
