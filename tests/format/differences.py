"""Section 5 of docs/format.md, Differences: blocks stored as the difference to another one."""

import struct

from blocks import DTYPES, MIB, Damage, need, read_plane

DELTA_PLANES, DELTA_HUFFMAN, DELTA_RANGE = 3, 4, 5
MANTISSA = {16: 10, 17: 7, 18: 23, 48: 23, 19: 52}
GROUP = 256


class Input:
    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, length):
        need(self.at + length <= len(self.data), "a difference ends too early")
        self.at += length
        return self.data[self.at - length:self.at]

    def byte(self):
        return self.take(1)[0]

    def u16(self):
        return struct.unpack("<H", self.take(2))[0]

    def u32(self):
        return struct.unpack("<I", self.take(4))[0]

    def varint(self):
        value = 0
        for shift in (0, 7, 14, 21):
            byte = self.byte()
            value |= (byte & 127) << shift
            if byte < 128:
                return value
        raise Damage("a number has more than 4 bytes")

    def rest(self):
        return self.take(len(self.data) - self.at)


class Bits:
    """A run of bits, the lowest of the first byte first."""

    def __init__(self, data):
        self.data, self.at, self.word, self.held = data, 0, 0, 0

    def take(self, count):
        while self.held < count:
            need(self.at < len(self.data), "a run of bits ends too early")
            self.word |= self.data[self.at] << self.held
            self.at, self.held = self.at + 1, self.held + 8
        value = self.word & ((1 << count) - 1)
        self.word, self.held = self.word >> count, self.held - count
        return value

    def end(self):
        need(self.at == len(self.data) and self.held < 8, "a run of bits goes on")


def changed_groups(c, length):
    groups, form = -(-length // GROUP), c.byte()
    if form == 0:
        return list(range(groups))
    found = []
    if form == 1:
        at, differ = 0, False
        while at < groups:
            run = c.varint()
            need(run <= groups - at and (run or (at == 0 and not differ)), "a run of groups that cannot be")
            found += range(at, at + run) if differ else ()
            at, differ = at + run, not differ
        return found
    need(form == 2, "a form of groups that is not known")
    bits = int.from_bytes(c.take(-(-groups // 8)), "little")
    need(bits >> groups == 0, "groups beyond the last")
    return [group for group in range(groups) if bits >> group & 1]


class Classes:
    """What is common to encodings 4 and 5."""

    def __init__(self, c, bits, mantissa):
        self.top, byte = c.u16(), c.byte()
        self.bits, self.mantissa, self.f, self.m = bits, mantissa, byte & 15, byte >> 4
        self.count = ((bits - self.f) << self.f) + 1
        need(max(self.f, self.m) <= 3 and bits - self.f <= 63 and self.count <= 128, "class parameters that cannot be")

    def tables(self, c, entries):
        for _ in range(16):
            count = c.byte()
            first = c.byte() if count else 0
            need(first + count <= self.count, "a class that cannot be")
            yield dict(enumerate(entries(c, count), first)) if count else None

    def context(self, base):
        exponent = (base & ((1 << (self.bits - 1)) - 1)) >> self.mantissa
        return min(max(self.top - exponent, 0) >> self.m, 15)

    def extra(self, k):
        return k >> self.f

    def join(self, k, rest):
        lead = (1 << self.f) + (k & ((1 << self.f) - 1))
        return ((lead << (k >> self.f)) + rest - (1 << self.f)) & ((1 << self.bits) - 1)


def half_bytes(c, count):
    data = c.take(-(-count // 2))
    return [data[i // 2] >> 4 * (i & 1) & 15 for i in range(count)]


def codes(lengths):
    """The canonical codes of a table: {(length, code): class}."""
    if lengths is None:
        return {(0, 0): 0}
    if len(lengths) == 1:
        need(set(lengths.values()) == {0}, "a lone class with a code")
        return {(0, 0): next(iter(lengths))}
    found, code = {}, 0
    for length in range(1, 11):
        for k in sorted(k for k in lengths if lengths[k] == length):
            found[length, code] = k
            code += 1
        code <<= 1
    need(max(lengths.values()) <= 10 and code == 1 << 11, "codes that are not complete")
    return found


def huffman(c, classes, bases):
    tables = [codes(lengths) for lengths in classes.tables(c, half_bytes)]
    lengths = [c.u32() for _ in range(3)]
    streams = [Bits(c.take(length)) for length in lengths] + [Bits(c.rest())]
    found = []
    for i, base in enumerate(bases):
        stream, table = streams[i % 4], tables[classes.context(base)]
        length, code = 0, 0
        while (length, code) not in table:
            length, code = length + 1, code << 1 | stream.take(1)
            need(length <= 10, "a code of no class")
        k = table[length, code]
        found.append(classes.join(k, stream.take(classes.extra(k))))
    for stream in streams:
        stream.end()
    return found


def slots(frequencies):
    """The owner of each slot of a context, its frequency and its first slot."""
    owners = []
    for k, frequency in (frequencies or {0: 4096}).items():
        need(len(owners) + frequency <= 4096, "frequencies that cannot be")
        owners += [(k, frequency, len(owners))] * frequency
    need(len(owners) == 4096, "frequencies that cannot be")
    return owners


def range_coded(c, classes, bases):
    tables = [slots(t) for t in classes.tables(c, lambda c, count: [c.varint() for _ in range(count)])]
    words = c.u32()
    states = [c.u32() for _ in range(4)]
    words = iter(struct.unpack(f"<{words}H", c.take(2 * words)))
    rests, found = Bits(c.rest()), []
    for i, base in enumerate(bases):
        state = states[i % 4]
        k, frequency, first = tables[classes.context(base)][state % 4096]
        state = frequency * (state >> 12) + state % 4096 - first
        if state < 1 << 16:
            word = next(words, None)
            need(word is not None, "words end too early")
            state = (state << 16) + word
        states[i % 4] = state
        found.append(classes.join(k, rests.take(classes.extra(k))))
    rests.end()
    need(states == [1 << 16] * 4 and next(words, None) is None, "states that do not end as they should")
    return found


def planes(c, width, count):
    columns = [read_plane(c.take, count) for _ in range(width)]
    return [int.from_bytes(element, "little") for element in zip(*columns)]


def apply(encoding, stored, raw_len, layout, base):
    """Decodes a block, given its base."""
    need(raw_len <= MIB and len(base) == raw_len, "a base of another length")
    width = DTYPES[layout][2] if layout else 0
    is_float, width = layout in MANTISSA, width or 1
    need(is_float or encoding == DELTA_PLANES, "classes without floats")
    bits, c = 8 * width, Input(stored)
    whole = raw_len - raw_len % width
    groups = changed_groups(c, whole)
    tail = c.take(raw_len - whole)
    parts = [base[g * GROUP:min((g + 1) * GROUP, whole)] for g in groups]
    packed = b"".join(parts)
    bases = [int.from_bytes(packed[i:i + width], "little") for i in range(0, len(packed), width)]
    if not bases:
        zigzagged = []
    elif encoding == DELTA_PLANES:
        zigzagged = planes(c, width, len(bases))
    else:
        classes = Classes(c, bits, MANTISSA[layout])
        zigzagged = (huffman if encoding == DELTA_HUFFMAN else range_coded)(c, classes, bases)
    need(c.at == len(stored), "bytes follow a difference")
    top, full = 1 << (bits - 1), (1 << bits) - 1
    out = bytearray()
    for element, z in zip(bases, zigzagged):
        d = z >> 1 if z & 1 == 0 else -(z >> 1) - 1
        if is_float:
            ordered = element ^ (full if element & top else top)
            ordered = (ordered + d) & full
            element = ordered ^ (top if ordered & top else full)
        else:
            element = (element + d) & full
        out += element.to_bytes(width, "little")
    block, at = bytearray(base[:whole]), 0
    for group, part in zip(groups, parts):
        block[group * GROUP:group * GROUP + len(part)] = out[at:at + len(part)]
        at += len(part)
    return bytes(block) + tail
