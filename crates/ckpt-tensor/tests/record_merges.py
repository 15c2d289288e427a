"""Records small tensors merged by plain numpy, after the papers, in merges.json, next to this file.

Run with numpy installed: python3 record_merges.py

The random numbers are rounded to float32 to keep the file small. Sizes of changes are drawn so that
none that is trimmed lies within 1 % of one that is kept, where ckpt-tensor may keep it too.
"""

import json
import pathlib

import numpy as np

ELEMENTS = 24


def ties(base, ours, theirs, density, scale):
    """TIES-Merging, Yadav et al. 2023, algorithm 1."""
    changes = []
    for side in (ours, theirs):
        change = side - base
        kept = max(1, round(density * change.size))
        least = np.sort(np.abs(change))[-kept]
        changes.append(np.where(np.abs(change) >= least, change, 0.0))
    changes = np.stack(changes)
    sign = np.sign(changes.sum(axis=0))
    agrees = (np.sign(changes) == sign) & (sign != 0)
    count = np.maximum(agrees.sum(axis=0), 1)
    return base + scale * np.where(agrees, changes, 0.0).sum(axis=0) / count


def slerp(ours, theirs, t):
    """Shoemake 1985, with the length of both kept in, as is customary for weights."""
    cosine = ours @ theirs / np.linalg.norm(ours) / np.linalg.norm(theirs)
    angle = np.arccos(cosine)
    return (np.sin((1 - t) * angle) * ours + np.sin(t * angle) * theirs) / np.sin(angle)


def task(base, ours, theirs, a, b):
    """Ilharco et al. 2023: the base and the scaled task vectors."""
    return base + a * (ours - base) + b * (theirs - base)


def is_clear(change, density):
    sizes = np.sort(np.abs(change))
    kept = max(1, round(density * change.size))
    return kept == change.size or sizes[-kept - 1] < 0.99 * sizes[-kept]


def main():
    generator = np.random.default_rng(5)
    cases = []
    while len(cases) < 5:
        base = generator.normal(size=ELEMENTS).astype(np.float32).astype(np.float64)
        sides = [
            (base + 0.3 * generator.normal(size=ELEMENTS)).astype(np.float32).astype(np.float64)
            for _ in range(2)
        ]
        density, scale, t = generator.uniform(0.1, 1.0), generator.uniform(0.3, 1.5), generator.uniform()
        a, b = generator.uniform(-1.0, 1.5, size=2)
        if not all(is_clear(side - base, density) for side in sides):
            continue
        cases.append(
            {
                "base": base.tolist(),
                "ours": sides[0].tolist(),
                "theirs": sides[1].tolist(),
                "ties": {"density": density, "scale": scale, "merged": ties(base, *sides, density, scale).tolist()},
                "slerp": {"t": t, "merged": slerp(*sides, t).tolist()},
                "task": {"ours": a, "theirs": b, "merged": task(base, *sides, a, b).tolist()},
            }
        )
    path = pathlib.Path(__file__).with_name("merges.json")
    path.write_text(json.dumps(cases) + "\n")


if __name__ == "__main__":
    main()
