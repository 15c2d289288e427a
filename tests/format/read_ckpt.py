#!/usr/bin/env python3
"""Reads a ckpt repository, from docs/format.md alone.

    python3 read_ckpt.py FOLDER [REF] [--out FOLDER] [--state]

FOLDER holds `.ckpt`, or is it. Every pack, object, record, id, version and ref is checked; then the
version that REF points to is printed (default: the current branch), and with --out its files are
written to a folder, with --state also the state of a version made in memory.

Python 3.8 or later and its standard library suffice, except for compressed objects: those take
Python 3.14 or the package `zstandard`. Exit code 0: all is well; 1: something is damaged; 2: usage,
or an object cannot be decoded here.
"""

import argparse
import json
import re
import sys
import unicodedata
from pathlib import Path

from blocks import DTYPES, MIB, Damage, NoDecoder, TreeHasher, need, sha
from packs import Pack
from records import ANNOTATION, BLOCK, CHECKPOINT, CHUNKS, JOURNAL, KINDS, LEAVES, MOVE, RECIPE, VERSION, content_id, number, parse

# Sections 1, 2, 9 and 10 of docs/format.md.

FOLDERS = {"refs/heads": "branch", "refs/tags": "tag", "refs/aliases": "alias"}


def valid_ref(name):
    parts = name.split("/")
    forbidden = any(c in " ~^:?*[\\" or unicodedata.category(c) == "Cc" for c in name)
    bad_part = any(not p or p.startswith(".") or p.endswith(".lock") for p in parts)
    bad_end = name.startswith(("-", "refs/")) or name.endswith(".")
    return not (forbidden or bad_part or bad_end or ".." in name or "@{" in name
                or name in ("", "@", "HEAD") or len(encode_ref(name)) > 200)


def encode_ref(name):
    return "".join(chr(b) if chr(b) in "abcdefghijklmnopqrstuvwxyz0123456789._-" else f"%{b:02X}"
                   for b in name.encode())


def decode_ref(file):
    try:
        raw = re.sub(rb"%([0-9A-F]{2})", lambda m: bytes([int(m[1], 16)]), file.encode())
        name = raw.decode()
    except UnicodeDecodeError:
        name = ""
    need(valid_ref(name) and encode_ref(name) == file, f"{file}: its name is not that of a ref")
    return name


def skip_number(n):
    d = n - 1
    if d == 0:
        return None
    while True:
        term = (1 << (d + 1).bit_length() - 1) - 1
        if d == term:
            return n - term
        d -= term


class Repository:
    def __init__(self, folder):
        self.root = folder / ".ckpt" if (folder / ".ckpt").is_dir() else folder
        need((self.root / "format").is_file(), f"{folder}: it is no repository")
        found = (self.root / "format").read_bytes()
        need(found == b"ckpt repository format 2\n", f"its format {found[:60]!r} is not known")
        self.packs = [Pack(path) for path in sorted((self.root / "packs").glob("*.pack"))]
        self.places = {}
        trash = [Pack(path) for path in sorted((self.root / "trash").glob("*.pack"))]
        for pack in self.packs + trash:
            for e in pack.entries:
                self.places.setdefault((e["kind"], e["digest"]), []).append((pack, e))
        self.known = {}

    def object(self, kind, digest):
        need((kind, digest) in self.places, f"{KINDS[kind]} {digest.hex()[:12]} is missing")
        pack, e = min(self.places[kind, digest], key=lambda place: place[1]["depth"])
        return pack.read(e, self.base)

    def base(self, digest, depth):
        """The base of a difference of that depth."""
        copies = self.places.get((BLOCK, digest), [])
        less_deep = [(pack, e) for pack, e in copies if e["depth"] < depth]
        need(less_deep, f"block {digest.hex()[:12]}, a base, is missing")
        pack, e = min(less_deep, key=lambda place: place[1]["depth"])
        return pack.read(e, self.base)

    def record(self, kind, digest):
        if (kind, digest) not in self.known:
            self.known[kind, digest] = parse(kind, self.object(kind, digest))
        return self.known[kind, digest]

    def pieces(self, root, length, cut):
        """Lists the blocks of content, section 6: (leaf hash, length)."""
        if length <= MIB:
            need(length or root == sha(), "empty content does not have the hash of no leaves")
            return [(root, length)] if length else []
        if cut == LEAVES:
            leaves = self.record(LEAVES, root)["leaves"]
            need(len(leaves) == -(-length // MIB), "a leaf list does not fit its content")
            return [(leaf, min(MIB, length - i * MIB)) for i, leaf in enumerate(leaves)]
        chunks = [(chunk["hash"], chunk["len"]) for chunk in self.record(CHUNKS, root)["chunks"]]
        need(sum(n for _, n in chunks) == length and all(n for _, n in chunks), "a chunk list does not fit its content")
        return chunks

    def content(self, root, length, cut):
        hasher = TreeHasher()
        for leaf, expected in self.pieces(root, length, cut):
            data = self.object(BLOCK, leaf)
            need(len(data) == expected, f"block {leaf.hex()[:12]} has another length than stated")
            hasher.update(data)
            yield data
        need(hasher.root() == root, f"content {root.hex()[:12]} is not what its blocks make")

    def segment(self, checkpoint, segment):
        variant, fields = segment
        if variant == "opaque":
            return self.content(fields["root"], fields["len"], CHUNKS)
        if variant == "tied":
            return iter(())
        need(fields["index"] < len(checkpoint["tensors"]), "a segment is no tensor of the checkpoint")
        tensor = checkpoint["tensors"][fields["index"]]
        return self.content(tensor["root"], tensor["len"], LEAVES)

    # Checks.

    def check(self):
        for pack in self.packs:
            for e in pack.entries:
                pack.read(e, self.base)
        versions = [digest for kind, digest in self.places if kind == VERSION]
        removed = self.removed()
        without = {self.record(VERSION, v)["checkpoint"] for v in versions if v in removed}
        without -= {self.record(VERSION, v)["checkpoint"] for v in versions if v not in removed}
        for kind, digest in self.places:
            if kind == CHECKPOINT:
                self.check_checkpoint(self.record(kind, digest), digest not in without)
        for version in versions:
            self.check_version(version)
        for folder in FOLDERS:
            for path in sorted((self.root / folder).glob("*")):
                self.check_ref(f"{folder}/{decode_ref(path.name)}")
        self.check_annotations()
        head = self.head()
        branch = head[len("refs/heads/"):]
        need(head == f"refs/heads/{branch}" and valid_ref(branch), "HEAD does not name a branch")

    def check_checkpoint(self, checkpoint, has_content):
        for items, key in ((checkpoint["tensors"], "name"), (checkpoint["files"], "path")):
            keys = [item[key].encode() for item in items]
            need(keys == sorted(set(keys)), f"a checkpoint is not sorted by {key}")
        for tensor in checkpoint["tensors"]:
            bits = DTYPES[tensor["dtype"]][1]
            for extent in tensor["shape"]:
                bits *= extent
            need(bits == 8 * tensor["len"], f"tensor {tensor['name']} has not the length of its shape")
            for _ in self.content(tensor["root"], tensor["len"], LEAVES) if has_content else ():
                pass
        check_paths([file["path"] for file in checkpoint["files"]])
        for file in checkpoint["files"] if has_content else ():
            for segment in file["segments"]:
                need(segment[0] == "opaque" or segment[1]["index"] < len(checkpoint["tensors"]),
                     "a segment is no tensor of the checkpoint")
                for _ in self.segment(checkpoint, segment):
                    pass

    def check_version(self, digest):
        v = self.record(VERSION, digest)
        parents = [self.record(VERSION, parent) for parent in v["parents"]]
        what = f"version {digest.hex()[:12]}"
        need(v["number"] == (parents[0]["number"] + 1 if parents else 1), f"{what}: its number is wrong")
        expected, at = skip_number(v["number"]), digest
        if expected is None:
            at = None
        while at is not None and self.record(VERSION, at)["number"] > expected:
            at = self.record(VERSION, at)["parents"][0]
        need(v["skip"] == at, f"{what}: its skip pointer is wrong")
        checkpoint = self.record(CHECKPOINT, v["checkpoint"])
        need(v["model"] == content_id(b"ckpt model\n", checkpoint, False), f"{what}: its model id is wrong")
        need(v["state"] == content_id(b"ckpt state\n", checkpoint, True), f"{what}: its state id is wrong")
        recipe = self.record(RECIPE, v["recipe"])
        need(len(recipe["data"]) == len(v["data"]), f"{what}: its data has not as many labels")

    def check_ref(self, name):
        move = self.record(MOVE, self.newest_move(name))
        while True:
            need(move["name"] == name, f"{name}: a move of its chain is of another ref")
            need(not move["to"] or (VERSION, move["to"]) in self.places, f"{name}: it leads to a missing version")
            if move["previous"] is None:
                break
            later, move = move, self.record(MOVE, move["previous"])
            need(later["from"] == move["to"], f"{name}: its chain of moves has a break")
        need(move["from"] is None, f"{name}: its first move comes from somewhere")

    def removed(self):
        """The versions whose content was removed, section 7."""
        content = {}
        for entry in self.journal():
            for removal in reversed(entry["removals"]):
                for version in removal["versions"]:
                    content.setdefault(version, removal["content"])
        return {version for version, what in content.items() if what == "removed"}

    def journal(self):
        """The entries of the journal, the newest first."""
        path = self.root / "refs/journal"
        newest = bytes.fromhex(path.read_text().strip()) if path.is_file() else None
        while newest:
            entry = self.record(JOURNAL, newest)
            yield entry
            newest = entry["previous"]

    def annotations(self, version):
        """The annotations on a version in their order, the last one last, section 7."""
        ids = {digest for entry in self.journal() for digest in entry["annotations"]}
        found = [(self.record(ANNOTATION, digest), digest) for digest in ids]
        found = [(a, digest) for a, digest in found if version in a["versions"]]
        return [a for a, _ in sorted(found, key=lambda one: (one[0]["sequence"], one[0]["time_ms"], one[1]))]

    def check_annotations(self):
        for digest in {digest for entry in self.journal() for digest in entry["annotations"]}:
            annotation = self.record(ANNOTATION, digest)
            for version in annotation["versions"]:
                need((VERSION, version) in self.places, "an annotation is on a missing version")
            for file in annotation["files"]:
                for variant, fields in file["segments"]:
                    need(variant == "opaque", "a file of an annotation has a segment of a tensor")
                    for _ in self.content(fields["root"], fields["len"], CHUNKS):
                        pass

    # Reading.

    def head(self):
        data = (self.root / "HEAD").read_bytes()
        need(data.endswith(b"\n"), "HEAD does not end in a line feed")
        return data[:-1].decode("utf-8", "replace")

    def newest_move(self, full):
        for folder in FOLDERS:
            if full.startswith(folder + "/"):
                path = self.root / folder / encode_ref(full[len(folder) + 1:])
                if not path.is_file():
                    raise SystemExit(f"there is no {full}")
                data = path.read_bytes()
                need(re.fullmatch(rb"[0-9A-Fa-f]{64}\n", data), f"{full}: it does not hold an id")
                return bytes.fromhex(data[:-1].decode())
        raise SystemExit(f"{full} is not the full name of a ref")

    def resolve(self, ref):
        full = ref if ref.startswith("refs/") else f"refs/heads/{ref}"
        to = self.record(MOVE, self.newest_move(full))["to"]
        if to is None:
            raise SystemExit(f"{full} was deleted")
        return full, to

    def files(self, version, with_state):
        """Section 10: yields paths and iterators over their bytes."""
        checkpoint = self.record(CHECKPOINT, version["checkpoint"])
        for file in checkpoint["files"]:
            parts = file["segments"]
            yield file["path"], (data for part in parts for data in self.segment(checkpoint, part))
        held = {s["index"] for file in checkpoint["files"] for v, s in file["segments"] if v != "opaque"}
        free = [t for place, t in enumerate(checkpoint["tensors"]) if place not in held]
        if free:
            by_role = {role: [t for t in free if t["role"] == role] for role in ("weights", "state")}
            yield "model.safetensors", self.canonical(by_role["weights"])
            if with_state and by_role["state"]:
                yield "model.state.safetensors", self.canonical(by_role["state"])

    def canonical(self, tensors):
        tensors = sorted(tensors, key=lambda t: (-DTYPES[t["dtype"]][1], t["name"].encode()))
        members, end = {}, 0
        for t in tensors:
            begin, end = end, end + t["len"]
            members[t["name"]] = {"dtype": DTYPES[t["dtype"]][0], "shape": t["shape"], "data_offsets": [begin, end]}
        header = json.dumps(members, ensure_ascii=False, separators=(",", ":")).encode()
        header += b" " * (-len(header) % 8)
        yield number(len(header)) + header
        for t in tensors:
            yield from self.content(t["root"], t["len"], LEAVES)


DEVICES = re.compile(r"(CON|PRN|AUX|NUL|CONIN\$|CONOUT\$|(COM|LPT)[0-9\u00b9\u00b2\u00b3])", re.IGNORECASE)


def check_paths(paths):
    for path in paths:
        parts = path.split("/")
        bad = any(part in ("", ".", "..") for part in parts) or parts[0].lower() == ".ckpt"
        bad = bad or any(c in '\\:<>"|?*' or unicodedata.category(c) == "Cc" for c in path)
        bad = bad or any(part[-1] in ". " or DEVICES.fullmatch(part.split(".")[0].rstrip()) for part in parts)
        above = {"/".join(parts[:n]) for n in range(1, len(parts))}
        need(not bad and above.isdisjoint(paths), f"{path!r} is not a path to restore to")


def shown(value):
    """Turns what records hold into JSON."""
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, tuple):
        return shown(value[1])
    if isinstance(value, list):
        return [shown(item) for item in value]
    if isinstance(value, dict):
        return {key: shown(item) for key, item in value.items()}
    return value


def main():
    arguments = argparse.ArgumentParser(description="Reads and checks a ckpt repository.")
    arguments.add_argument("folder", type=Path)
    arguments.add_argument("ref", nargs="?", help="a branch, or a full name such as refs/tags/v1")
    arguments.add_argument("--out", type=Path, help="writes the version's files to this folder")
    arguments.add_argument("--state", action="store_true", help="with the state of a version made in memory")
    options = arguments.parse_args()
    repository = Repository(options.folder)
    repository.check()
    counts = {word: sum(1 for kind, _ in repository.places if kind == k) for k, word in KINDS.items()}
    print("checked", json.dumps({"packs": len(repository.packs), **counts}))
    full, digest = repository.resolve(options.ref or repository.head())
    version = repository.record(VERSION, digest)
    need(digest not in repository.removed() or not options.out, f"the content of {full} was removed")
    print(full, digest.hex())
    print("version", json.dumps(shown(version), indent=2, ensure_ascii=False))
    print("recipe", json.dumps(shown(repository.record(RECIPE, version["recipe"])), indent=2, ensure_ascii=False))
    for annotation in repository.annotations(digest):
        print("annotation", json.dumps(shown(annotation), indent=2, ensure_ascii=False))
    for path, data in repository.files(version, options.state) if options.out else ():
        target = options.out / path
        target.parent.mkdir(parents=True, exist_ok=True)
        with open(target, "xb") as file:
            for block in data:
                file.write(block)
        print("wrote", path)


if __name__ == "__main__":
    try:
        main()
    except Damage as damage:
        print(f"damaged: {damage}", file=sys.stderr)
        sys.exit(1)
    except NoDecoder as missing:
        print(missing, file=sys.stderr)
        sys.exit(2)
