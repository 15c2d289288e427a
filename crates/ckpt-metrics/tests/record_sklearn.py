"""Records scikit-learn's results in sklearn.json, next to this file.

Run with numpy and scikit-learn installed: python3 record_sklearn.py
The first line of the file says which versions made it.

Where scikit-learn would compute in float32, the inputs are rounded to float32 and then given to it
as float64, clipped at float32's epsilon: ckpt-metrics sums in float64 for every input type.
"""

import json
import math
import pathlib
import warnings

import numpy as np
import sklearn
from sklearn import metrics

rng = np.random.default_rng(20260101)
warnings.simplefilter("ignore")


def number(value):
    """A float for JSON; NaN becomes null."""
    value = float(value)
    return None if math.isnan(value) else value


def regression_results(targets, predictions):
    return {
        "mse": number(metrics.mean_squared_error(targets, predictions)),
        "rmse": number(metrics.root_mean_squared_error(targets, predictions)),
        "mae": number(metrics.mean_absolute_error(targets, predictions)),
        "r2": number(metrics.r2_score(targets, predictions)),
    }


def regression_case(name, targets, predictions):
    inputs = {"name": name, "targets": list(targets), "predictions": list(predictions)}
    return inputs | regression_results(np.array(targets), np.array(predictions))


def regression_cases():
    yield regression_case("one row", [2.5], [2.0])
    yield regression_case("constant, perfect", [4.0, 4.0, 4.0], [4.0, 4.0, 4.0])
    yield regression_case("constant, imperfect", [4.0, 4.0, 4.0], [4.0, 4.5, 4.0])
    yield regression_case("perfect", [1.0, -2.0, 3.5], [1.0, -2.0, 3.5])
    yield regression_case("worse than the mean", [1.0, 2.0, 3.0], [3.0, 2.0, 1.0])
    for n in (2, 3, 7, 8, 9, 40, 100):
        targets = np.round(rng.normal(size=n), 5)
        predictions = np.round(targets + rng.normal(size=n) * 0.3, 5)
        yield regression_case(f"normal {n}", targets, predictions)
    for scale, offset in ((1e-8, 0.0), (1e12, 0.0), (1.0, 1e9), (0.01, -1e6)):
        targets = offset + scale * np.round(rng.normal(size=30), 5)
        predictions = targets + scale * np.round(rng.normal(size=30), 5)
        yield regression_case(f"scale {scale} offset {offset}", targets, predictions)


def log_loss(labels, probabilities, classes, eps):
    clipped = np.clip(np.asarray(probabilities, dtype=np.float64), eps, 1 - eps)
    return number(metrics.log_loss(labels, y_proba=clipped, labels=range(classes)))


def cross_entropy_results(labels, probabilities, classes):
    single = np.asarray(probabilities, dtype=np.float32)
    wide = np.asarray(probabilities, dtype=np.float64)
    return {
        "loss": number(metrics.log_loss(labels, y_proba=wide, labels=range(classes))),
        "loss_f32": log_loss(labels, single, classes, float(np.finfo(np.float32).eps)),
    }


def cross_entropy_case(name, labels, probabilities, classes):
    labels = np.asarray(labels)
    probabilities = np.asarray(probabilities)
    inputs = {"name": name, "labels": labels.tolist(), "probabilities": probabilities.tolist()}
    return inputs | cross_entropy_results(labels, probabilities, classes)


def binary_cases():
    yield cross_entropy_case("certain and right", [0, 1, 1], [0.0, 1.0, 1.0], 2)
    yield cross_entropy_case("certain and wrong", [1, 0, 1, 0], [0.0, 1.0, 0.25, 0.25], 2)
    yield cross_entropy_case("one class", [1, 1, 1], [0.9, 0.4, 1.0], 2)
    yield cross_entropy_case("other class", [0, 0], [0.9, 0.0], 2)
    yield cross_entropy_case("one row", [1], [0.3], 2)
    yield cross_entropy_case("near the ends", [1, 0, 0, 1], [1e-20, 1e-20, 1 - 2**-53, 1e-10], 2)
    for n, share in ((5, 0.5), (9, 0.5), (64, 0.5), (100, 0.03), (100, 0.98)):
        labels = (rng.random(n) < share).astype(int)
        probabilities = np.round(rng.random(n), 5)
        yield cross_entropy_case(f"{n} rows, share {share}", labels, probabilities, 2)


def categorical_cases():
    certain = np.eye(3)[[0, 1, 2, 0]]
    yield cross_entropy_case("certain and right", [0, 1, 2, 0], certain, 3)
    yield cross_entropy_case("certain and wrong", [0, 2, 1, 0], certain, 3)
    yield cross_entropy_case("one class", [1, 1], [[0.2, 0.3, 0.5], [0.0, 0.75, 0.25]], 3)
    yield cross_entropy_case("one row", [3], [[0.1, 0.2, 0.3, 0.4]], 4)
    for n, classes, sharpness in ((5, 2, 1), (20, 3, 1), (30, 5, 8), (40, 10, 40)):
        labels = rng.integers(0, classes, size=n)
        scores = np.exp(sharpness * rng.random((n, classes)))
        # Multiples of 2^-20, so that rows sum to exactly 1.
        probabilities = np.round(scores / scores.sum(axis=1, keepdims=True) * 2**20) / 2**20
        probabilities[:, 0] += 1 - probabilities.sum(axis=1)
        yield cross_entropy_case(f"{n} x {classes}, {sharpness}", labels, probabilities, classes)


def scores(targets, predictions, **options):
    precision, recall, f1, support = metrics.precision_recall_fscore_support(
        targets, predictions, zero_division=0, **options
    )
    listed = [np.asarray(values).tolist() for values in (precision, recall, f1)]
    return dict(zip(("precision", "recall", "f1"), listed)) | (
        {} if support is None else {"support": support.tolist()}
    )


def confusion_results(targets, predictions, classes):
    labels = range(classes)
    results = {
        "counts": metrics.confusion_matrix(targets, predictions, labels=labels).tolist(),
        "accuracy": number(metrics.accuracy_score(targets, predictions)),
        "classes": scores(targets, predictions, labels=labels),
        # No list of labels: averages are over the labels that occur.
        "micro": scores(targets, predictions, average="micro"),
        "macro": scores(targets, predictions, average="macro"),
        "weighted": scores(targets, predictions, average="weighted"),
    }
    if classes == 2 and len(set(targets) | set(predictions)) == 2:
        results["binary"] = [
            scores(targets, predictions, average="binary", pos_label=positive)
            for positive in labels
        ]
    return results


def confusion_case(name, targets, predictions, classes):
    targets = np.asarray(targets).tolist()
    predictions = np.asarray(predictions).tolist()
    inputs = {"name": name, "classes_given": classes, "targets": targets}
    return inputs | {"predictions": predictions} | confusion_results(targets, predictions, classes)


def confusion_cases():
    yield confusion_case("one row, right", [0], [0], 1)
    yield confusion_case("one row, wrong", [0], [1], 2)
    yield confusion_case("single class of two", [1, 1, 1], [1, 1, 1], 2)
    yield confusion_case("never predicted positive", [0, 1, 0, 1], [0, 0, 0, 0], 2)
    yield confusion_case("no positives", [0, 0, 0, 0], [0, 1, 0, 1], 2)
    yield confusion_case("all wrong", [0, 1, 0, 1], [1, 0, 1, 0], 2)
    yield confusion_case("class 2 not in targets", [0, 1, 0, 1], [0, 2, 0, 1], 3)
    yield confusion_case("class 2 not predicted", [0, 1, 2, 1], [0, 1, 0, 1], 3)
    yield confusion_case("class 2 nowhere", [0, 1, 3, 1], [0, 1, 0, 3], 4)
    yield confusion_case("tied classes", [0, 0, 1, 1, 2, 2], [0, 1, 1, 2, 2, 0], 3)
    for n, share in ((50, 0.5), (100, 0.05), (100, 0.97)):
        targets = (rng.random(n) < share).astype(int)
        predictions = np.where(rng.random(n) < 0.8, targets, 1 - targets)
        yield confusion_case(f"binary {n}, {share}", targets, predictions, 2)
    for n, classes, skew in ((30, 3, 1), (100, 5, 1), (100, 10, 4), (60, 20, 3)):
        targets = (rng.random(n) ** skew * classes).astype(int)
        others = (rng.random(n) ** skew * classes).astype(int)
        predictions = np.where(rng.random(n) < 0.6, targets, others)
        yield confusion_case(f"{n} rows, {classes} classes, skew {skew}", targets, predictions, classes)


class Uniform:
    """Knuth's MMIX generator; tests/sklearn.rs draws the same numbers."""

    def __init__(self):
        self.state = 1

    def __call__(self):
        self.state = (self.state * 6364136223846793005 + 1442695040888963407) % 2**64
        return (self.state >> 11) * 2.0**-53


def generated_cases(rows, classes):
    """Inputs that cross many chunks of the evaluation grid, drawn again by the test."""
    u = Uniform()
    targets, predictions, labels, guesses, positives, distributions = [], [], [], [], [], []
    for _ in range(rows):
        targets.append(1e9 + u())
        predictions.append(targets[-1] + (u() - 0.5))
        labels.append(int(u() * u() * classes))
        guess = int(u() * classes)
        guesses.append(labels[-1] if u() < 0.7 else guess)
        positives.append(u())
        weights = [u() for _ in range(classes)]
        total = 0.0
        for weight in weights:
            total += weight
        distributions.append([weight / total for weight in weights])
    binary = [int(label == 0) for label in labels]
    return {
        "rows": rows,
        "classes": classes,
        "regression": regression_results(np.array(targets), np.array(predictions)),
        "binary": log_loss(binary, positives, 2, float(np.finfo(np.float64).eps)),
        "categorical": log_loss(labels, distributions, classes, float(np.finfo(np.float64).eps)),
        "confusion": confusion_results(labels, guesses, classes),
    }


recorded = {
    "made_by": f"scikit-learn {sklearn.__version__}, numpy {np.__version__}",
    "regression": list(regression_cases()),
    "binary": list(binary_cases()),
    "categorical": list(categorical_cases()),
    "confusion": list(confusion_cases()),
    "generated": generated_cases(rows=20_000, classes=6),
}


def text(value, depth=2):
    """JSON with one line per case."""
    if depth and isinstance(value, (dict, list)):
        if isinstance(value, dict):
            items = [f"{json.dumps(key)}: {text(item, depth - 1)}" for key, item in value.items()]
            return "{\n" + ",\n".join(items) + "\n}"
        return "[\n" + ",\n".join(text(item, depth - 1) for item in value) + "\n]"
    return json.dumps(value, separators=(",", ":"))


path = pathlib.Path(__file__).with_name("sklearn.json")
path.write_text(text(recorded) + "\n")
