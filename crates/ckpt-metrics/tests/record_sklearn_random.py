"""Records scikit-learn's results on random rows in sklearn_random.json, next to this file.

Run with numpy and scikit-learn installed: python3 record_sklearn_random.py
The first line of the file says which versions made it.

Every case has all inputs, and the results of every metric on them, first without and then with
weights. Inputs are integers that stand for multiples of a power of two, so that they are exact and
tie often. A metric without a value is null.
"""

import json
import math
import pathlib
import warnings

import numpy as np
import sklearn
from sklearn import metrics
from sklearn.calibration import calibration_curve

rng = np.random.default_rng(20260402)
warnings.simplefilter("ignore")

BINS = 4
QUANTILES = (0.1, 0.5, 0.9)


def number(value):
    """A float for JSON; NaN becomes null."""
    value = float(value)
    return None if math.isnan(value) else value


def distributions(rows, classes, step):
    """Rows of multiples of step / 1024 that sum to 1024 / 1024."""
    raw = rng.dirichlet(np.full(classes, 0.7), size=rows) * 1024
    scores = (raw // step).astype(int) * step
    scores[np.arange(rows), rng.integers(0, classes, rows)] += 1024 - scores.sum(axis=1)
    return scores


def labels_of(rows, classes, kind):
    if kind == "one class":
        return np.full(rows, rng.integers(0, classes))
    if kind == "empty class":
        return rng.choice(np.delete(np.arange(classes), rng.integers(0, classes)), rows)
    return rng.integers(0, classes, rows)


def inputs(rows, classes, step, kind):
    labels = labels_of(rows, classes, kind)
    guesses = np.where(rng.random(rows) < 0.6, labels, rng.integers(0, classes, rows))
    targets = rng.integers(-20, 20, rows)
    weights = rng.integers(0, 9, rows)
    weights[rng.integers(0, rows)] = 3  # not all 0
    return {
        "name": f"{rows} x {classes}, steps of {step}, {kind}",
        "labels": labels,
        "guesses": guesses,
        "scores": distributions(rows, classes, step),
        "targets": targets,
        "predictions": targets + rng.integers(-8, 9, rows),
        "weights": weights,
    }


def regression_results(case, weights):
    targets, predictions = case["targets"] / 16, case["predictions"] / 16
    results = {
        "mse": metrics.mean_squared_error(targets, predictions, sample_weight=weights),
        "mae": metrics.mean_absolute_error(targets, predictions, sample_weight=weights),
        "r2": metrics.r2_score(targets, predictions, sample_weight=weights),
    }
    pinball = [
        metrics.mean_pinball_loss(targets, predictions, sample_weight=weights, alpha=quantile)
        for quantile in QUANTILES
    ]
    return {name: number(value) for name, value in results.items()} | {"pinball": pinball}


def label_results(case, weights, classes):
    labels, guesses = case["labels"], case["guesses"]
    # A row of weight 0 is as no row: classes that only such rows have are not averaged.
    rows = np.ones(len(labels), bool) if weights is None else weights > 0
    occurring = np.union1d(labels[rows], guesses[rows])
    results = {
        "accuracy": metrics.accuracy_score(labels, guesses, sample_weight=weights),
        "mcc": metrics.matthews_corrcoef(labels, guesses, sample_weight=weights),
        "counts": metrics.confusion_matrix(
            labels, guesses, labels=range(classes), sample_weight=weights
        ).tolist(),
    }
    for average in ("macro", "weighted"):
        scores = metrics.precision_recall_fscore_support(
            labels,
            guesses,
            labels=occurring,
            average=average,
            sample_weight=weights,
            zero_division=0,
        )
        results[average] = [number(score) for score in scores[:3]]
    return results


def top_k_results(labels, scores, weights, classes):
    # scikit-learn takes a score for each class from three classes on.
    ks = range(1, classes) if classes > 2 else ()
    return [
        metrics.top_k_accuracy_score(
            labels, scores, k=k, labels=range(classes), sample_weight=weights
        )
        for k in ks
    ]


def one_vs_rest(labels, scores, weights, classes, average):
    if classes == 2:
        return None
    return number(
        metrics.roc_auc_score(
            labels,
            scores,
            multi_class="ovr",
            average=average,
            labels=range(classes),
            sample_weight=weights,
        )
    )


def calibration(is_true, probabilities, weights):
    """Expected and maximum error in bins, of which scikit-learn's curve has the means."""
    weights = np.ones(len(is_true)) if weights is None else weights
    bins = np.searchsorted(np.linspace(0, 1, BINS + 1)[1:-1], probabilities)
    total = np.bincount(bins, weights, BINS)
    frequency = np.bincount(bins, weights * is_true, BINS)
    probability = np.bincount(bins, weights * probabilities, BINS)
    filled = total > 0
    if (weights == 1).all():
        curve = calibration_curve(is_true, probabilities, pos_label=True, n_bins=BINS)
        assert np.allclose(curve[0], frequency[filled] / total[filled])
        assert np.allclose(curve[1], probability[filled] / total[filled])
    errors = np.abs(frequency - probability)[filled]
    return [errors.sum() / total.sum(), (errors / total[filled]).max()]


def binary_results(is_positive, scores, weights):
    """Class 1 against the rest, by its score."""
    options = {"sample_weight": weights}
    held = is_positive if weights is None else is_positive[weights > 0]
    results = {"average_precision": None, "roc_auc": None, "roc": None, "precision_recall": None}
    if held.any():
        results["average_precision"] = metrics.average_precision_score(is_positive, scores, **options)
        results["precision_recall"] = [
            [values.tolist() for values in metrics.precision_recall_curve(
                is_positive, scores, drop_intermediate=drop, **options)]
            for drop in (False, True)
        ]
    if held.any() and not held.all():
        results["roc_auc"] = metrics.roc_auc_score(is_positive, scores, **options)
        results["roc"] = [
            # The first threshold is infinite.
            [values.tolist()[(i == 2):] for i, values in enumerate(metrics.roc_curve(
                is_positive, scores, drop_intermediate=drop, **options))]
            for drop in (False, True)
        ]
    return results


def probability_results(case, weights, classes):
    labels, scores = case["labels"], case["scores"] / 1024
    is_positive = labels == 1
    eps = np.finfo(np.float64).eps
    clipped = np.clip(scores[:, 1], eps, 1 - eps)
    return binary_results(is_positive, scores[:, 1], weights) | {
        "loss": metrics.log_loss(labels, scores, labels=range(classes), sample_weight=weights),
        "binary_loss": metrics.log_loss(
            is_positive, clipped, labels=[False, True], sample_weight=weights
        ),
        "top_k": top_k_results(labels, scores, weights, classes),
        "ovr_macro": one_vs_rest(labels, scores, weights, classes, "macro"),
        "ovr_weighted": one_vs_rest(labels, scores, weights, classes, "weighted"),
        "calibration": calibration(is_positive, scores[:, 1], weights),
        "top_label": calibration(
            scores.argmax(axis=1) == labels, scores.max(axis=1), weights
        ),
    }


def results(case, weights, classes):
    return (
        regression_results(case, weights)
        | label_results(case, weights, classes)
        | probability_results(case, weights, classes)
    )


def cases():
    for rows, step in ((1, 64), (2, 256), (5, 256), (12, 128), (12, 1), (30, 256), (30, 32)):
        for classes in (2, 3, 5):
            for kind in ("all classes", "empty class", "one class"):
                if rows == 30 and kind == "one class":
                    continue
                case = inputs(rows, classes, step, kind)
                plain = results(case, None, classes)
                weighted = results(case, case["weights"] / 8, classes)
                listed = {
                    key: value.tolist() if isinstance(value, np.ndarray) else value
                    for key, value in case.items()
                }
                yield listed | {"plain": plain, "weighted": weighted}


recorded = {
    "made_by": f"scikit-learn {sklearn.__version__}, numpy {np.__version__}",
    "bins": BINS,
    "quantiles": QUANTILES,
}
lines = [f"{json.dumps(key)}: {json.dumps(value)}" for key, value in recorded.items()]
listed = ",\n".join(json.dumps(case, separators=(",", ":"), allow_nan=False) for case in cases())
path = pathlib.Path(__file__).with_name("sklearn_random.json")
path.write_text("{\n" + ",\n".join(lines) + ',\n"cases": [\n' + listed + "\n]\n}\n")
