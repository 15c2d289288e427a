"""Sections 7 and 8 of docs/format.md: records, and ids over fields."""

import struct

from blocks import DTYPES, Damage, need, sha

BLOCK, LEAVES, CHUNKS, CHECKPOINT, VERSION, RECIPE, MOVE, ANNOTATION, JOURNAL = range(1, 10)
KINDS = {
    1: "block", 2: "leaf list", 3: "chunk list", 4: "checkpoint", 5: "version", 6: "recipe", 7: "move",
    8: "annotation", 9: "journal entry",
}


class Cursor:
    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, length):
        need(self.at + length <= len(self.data), "a record ends too early")
        self.at += length
        return self.data[self.at - length:self.at]


def byte(c):
    return c.take(1)[0]


def uint(c):
    first = byte(c)
    if first <= 250:
        return first
    need(first <= 253, "a number starts with a byte that no number starts with")
    return int.from_bytes(c.take({251: 2, 252: 4, 253: 8}[first]), "little")


def int_(c):
    u = uint(c)
    return u >> 1 if u & 1 == 0 else -(u >> 1) - 1


def bool_(c):
    value = byte(c)
    need(value <= 1, "a truth value is neither 0 nor 1")
    return value == 1


def float_(c):
    return struct.unpack("<d", c.take(8))[0]


def text(c):
    try:
        return c.take(uint(c)).decode()
    except UnicodeDecodeError:
        raise Damage("a text is not UTF-8") from None


def id_(c):
    return c.take(32)


def dtype(c):
    code = byte(c)
    need(code in DTYPES, f"dtype {code} is not known")
    return code


def option(item):
    return lambda c: item(c) if bool_(c) else None


def list_of(item):
    return lambda c: [item(c) for _ in range(uint(c))]


def map_of(key, value):
    def read(c):
        pairs = [(key(c), value(c)) for _ in range(uint(c))]
        keys = [k.encode() for k, _ in pairs]
        need(keys == sorted(set(keys)), "the keys of a map are not sorted")
        return dict(pairs)

    return read


def table(**fields):
    return lambda c: {name: read(c) for name, read in fields.items()}


def choice(*variants):
    def read(c):
        number = uint(c)
        need(number < len(variants), f"variant {number} is not known")
        name, fields = variants[number]
        return (name, fields(c)) if fields else name

    return read


TENSOR = table(
    name=text, dtype=dtype, shape=list_of(uint), role=choice(("weights", None), ("state", None)), len=uint, root=id_
)
SEGMENT = choice(("opaque", table(len=uint, root=id_)), ("tensor", table(index=uint)), ("tied", table(index=uint)))
FILE = table(path=text, reader=text, reader_version=uint, note=option(text), segments=list_of(SEGMENT))
PARAM = choice(("bool", bool_), ("int", int_), ("float", float_), ("text", text))
EVIDENCE = table(condition=text, met=bool_, values=map_of(text, option(float_)))
STRATEGY = choice(
    ("ours", None), ("theirs", None), ("average", table(weight=float_)),
    ("task arithmetic", table(ours=float_, theirs=float_)), ("ties", table(density=float_, scale=float_)),
    ("slerp", table(t=float_)),
)
MERGE = table(
    base=option(id_), ours=id_, theirs=id_, default=option(STRATEGY),
    rules=list_of(table(pattern=text, strategy=STRATEGY)),
)
REMOVAL = table(
    versions=list_of(id_), content=choice(("removed", None), ("kept", None)), reason=text, author=text, time_ms=int_
)
RECORDS = {
    LEAVES: table(leaves=list_of(id_)),
    CHUNKS: table(chunks=list_of(table(hash=id_, len=uint))),
    CHECKPOINT: table(tensors=list_of(TENSOR), files=list_of(FILE)),
    VERSION: table(
        number=uint, parents=list_of(id_), skip=option(id_), checkpoint=id_, model=id_, state=id_, recipe=id_,
        data=list_of(table(name=text, source=text, preprocessing=text)), metrics=map_of(text, float_), author=text, time_ms=int_, message=text,
        environment=map_of(text, text),
    ),
    RECIPE: table(
        params=map_of(text, PARAM), data=list_of(id_), code=option(id_), seed=option(uint),
        parent_state=option(id_), bases=list_of(id_), merge=option(MERGE),
    ),
    MOVE: table(
        name=text,
        kind=choice(*((name, None) for name in ("commit", "set", "rollback", "delete", "promote", "guard", "push", "fetch"))),
        **{"from": option(id_)}, to=option(id_), previous=option(id_), author=text, time_ms=int_, reason=text,
        guards=list_of(text), evidence=list_of(EVIDENCE),
    ),
    ANNOTATION: table(
        versions=list_of(id_), sequence=uint, metrics=map_of(text, float_), text=text, files=list_of(FILE), author=text,
        time_ms=int_,
    ),
    JOURNAL: table(previous=option(id_), annotations=list_of(id_), removals=list_of(REMOVAL)),
}


def parse(kind, data):
    cursor = Cursor(data)
    version = byte(cursor)
    need(version == 1, f"record version {version} is not known")
    record = RECORDS[kind](cursor)
    need(cursor.at == len(data), "bytes follow a record")
    return record


def number(value):
    return struct.pack("<Q", value)


def counted(value):
    data = value.encode() if isinstance(value, str) else value
    return number(len(data)) + data


def plain_names(checkpoint):
    """The names that tensors have in their files, by place, where several files share one."""
    tensors = checkpoint["tensors"]
    plain = {}
    for file in checkpoint["files"]:
        for variant, segment in file["segments"]:
            prefix = file["path"] + "::"
            if variant != "opaque" and tensors[segment["index"]]["name"].startswith(prefix):
                plain[segment["index"]] = tensors[segment["index"]]["name"][len(prefix):]
    names = [t["name"] for t in tensors]
    shared = list(plain.values())
    return {place: name for place, name in plain.items() if shared.count(name) > 1 and name not in names}


def distinct(checkpoint, all_roles):
    """The tensors that count: equal copies in several files as one."""
    plain = plain_names(checkpoint)
    counts, copies = [], {}
    for place, t in enumerate(checkpoint["tensors"]):
        if all_roles or t["role"] == "weights":
            if place in plain:
                copies.setdefault(plain[place], []).append(t)
            else:
                counts.append(t)
    for name, group in copies.items():
        if all((t["dtype"], t["shape"], t["root"]) == tuple(group[0][k] for k in ("dtype", "shape", "root")) for t in group):
            role = "weights" if any(t["role"] == "weights" for t in group) else "state"
            counts.append({**group[0], "name": name, "role": role})
        else:
            counts += group
    return counts


def content_id(domain, checkpoint, all_roles):
    tensors, files = checkpoint["tensors"], checkpoint["files"]
    counts = distinct(checkpoint, all_roles)
    fed = [domain]
    if counts or (tensors and not files):
        fed += [counted("tensors"), number(len(counts))]
        for t in sorted(counts, key=lambda t: t["name"].encode()):
            fed += [counted(t["name"]), counted(DTYPES[t["dtype"]][0]), number(t["role"] == "state")]
            fed += [number(len(t["shape"])), *map(number, t["shape"]), t["root"]]
        unread = [f for f in files if f["note"] is not None and f["reader"] != "opaque"]
        for runs in sorted([(s["len"], s["root"]) for v, s in f["segments"] if v == "opaque"] for f in unread):
            fed += [counted("unread"), number(len(runs))]
            for length, root in runs:
                fed += [number(length), root]
        return sha(*fed)
    fed += [counted("files"), number(len(files))]
    for file in files:
        runs = [s if v == "opaque" else tensors[s["index"]] for v, s in file["segments"] if v != "tied"]
        fed += [counted(file["path"]), number(len(runs))]
        for run in runs:
            fed += [number(run["len"]), run["root"]]
    return sha(*fed)
