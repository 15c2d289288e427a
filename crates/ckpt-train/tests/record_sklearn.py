"""Records what scikit-learn fits, for sklearn.rs: python record_sklearn.py > sklearn.txt

Needs numpy and scikit-learn; recorded with scikit-learn 1.9.1. Features are standardised with the
weighted mean and population deviation, as the trainer does, and coefficients given on raw inputs.

A line is a keyword and values:
  case NAME MODEL L2         starts a case; MODEL is linear, logistic or softmax
  fixture FILE ROWS WEIGHTED the first rows of a fixture, its last column the target; the weight of
                             row i is (7 i mod 5) / 2 if WEIGHTED is 1
  row TARGET WEIGHT X...     or the rows themselves
  scale ...                  the deviation of each column (1 if constant)
  weight ...                 the coefficients of an output, a line each
  bias ...                   its intercepts
"""

import csv
import pathlib

import numpy as np
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.preprocessing import StandardScaler

FIXTURES = pathlib.Path(__file__).resolve().parents[3] / "fixtures"


def numbers(values):
    return " ".join(repr(float(value)) for value in values)


def fitted(model, l2, z, y, s):
    """Coefficients of standardised features, a line per output, and intercepts."""
    if model == "linear":
        # Their penalty is on sums where the trainer's is on means.
        fit = Ridge(alpha=l2 * s.sum(), solver="svd") if l2 else LinearRegression()
        fit.fit(z, y, sample_weight=s)
        return np.atleast_2d(fit.coef_), np.atleast_1d(fit.intercept_)
    c = 1 / (l2 * s.sum()) if l2 else np.inf
    # Newton's method ends closer to the minimum than L-BFGS, whose stopping rule leaves 6 digits.
    fit = LogisticRegression(C=c, solver="newton-cholesky", tol=1e-13, max_iter=1000)
    fit.fit(z, y, sample_weight=s)
    check = LogisticRegression(C=c, solver="lbfgs", tol=1e-12, max_iter=100000)
    check.fit(z, y, sample_weight=s)
    coef, check = [part.coef_ - (part.coef_.mean(axis=0) if model == "softmax" else 0)
                   for part in (fit, check)]
    assert np.abs(coef - check).max() < 1e-4 * np.abs(coef).max(), "the solvers disagree"
    bias = fit.intercept_
    # Adding a vector to all classes changes no probability; the trainer's lines sum to zero.
    return coef, bias - (bias.mean() if model == "softmax" else 0)


def record(name, model, l2, x, y, s, fixture=None):
    scaler = StandardScaler().fit(x, sample_weight=s)
    coef, bias = fitted(model, l2, scaler.transform(x), y, s)
    weight = coef / scaler.scale_
    print("case", name, model, l2)
    if fixture:
        print("fixture", fixture, len(y), int(s[0] != s[1]))
    else:
        for row, target, count in zip(x, y, s):
            print("row", numbers([target, count, *row]))
    print("scale", numbers(scaler.scale_))
    for line in weight:
        print("weight", numbers(line))
    print("bias", numbers(bias - weight @ scaler.mean_))


def fixture(name, rows):
    with open(FIXTURES / name, encoding="utf-8") as file:
        lines = list(csv.reader(file))[1 : rows + 1]
    x = np.array([[float(value) for value in line[:-1]] for line in lines])
    y = [line[-1] for line in lines]
    if name == "iris.csv":
        y = [sorted(set(y)).index(label) for label in y]
    return x, np.array(y, dtype=float)


def random_case(generator, model, rows, columns):
    x = generator.normal(size=(rows, columns)) * 10.0 ** generator.integers(-2, 3, columns)
    x += 5 * generator.normal(size=columns)
    z = (x - x.mean(axis=0)) / x.std(axis=0)
    if model == "linear":
        return x, z @ generator.normal(size=columns) + 3 + generator.normal(size=rows)
    classes = 2 if model == "logistic" else int(generator.integers(3, 6))
    # Noise this large keeps the classes from being separable.
    margins = z @ generator.normal(size=(columns, classes)) + generator.gumbel(size=(rows, classes)) * 2
    y = margins.argmax(axis=1).astype(float)
    y[:classes] = np.arange(classes)
    return x, y


def main():
    generator = np.random.default_rng(20)
    for model in ["linear", "logistic", "softmax"]:
        for number, l2 in enumerate([0.0, 0.03, 1.5]):
            for weighted in [False, True]:
                rows, columns = int(generator.integers(60, 90)), 2 + number
                x, y = random_case(generator, model, rows, columns)
                s = generator.choice([0.0, 0.5, 1.0, 3.0], rows) if weighted else np.ones(rows)
                if weighted:
                    s[:6] = 1
                name = f"random-{model}-{l2}" + ("-weighted" if weighted else "")
                record(name, model, l2, x, y, s)
    for name, model, l2, rows in [
        ("diabetes.csv", "linear", 0.0, 442),
        ("diabetes.csv", "linear", 0.1, 442),
        ("iris.csv", "logistic", 0.02, 100),
        ("iris.csv", "softmax", 0.01, 150),
        ("digits.csv", "softmax", 0.05, 300),
    ]:
        x, y = fixture(name, rows)
        for weighted in [False, True]:
            s = (7 * np.arange(rows) % 5) / 2 if weighted else np.ones(rows)
            label = f"{name}-{l2}" + ("-weighted" if weighted else "")
            record(label, model, l2, x, y, s, fixture=name)


if __name__ == "__main__":
    main()
