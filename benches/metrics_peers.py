"""Times scikit-learn for `cargo xtask bench metrics`: python3 metrics_peers.py FOLDER

FOLDER holds one .npy file for each column. Each line of the input is an expression of the columns'
names and scikit-learn's `metrics`; it is evaluated and answered by a line of JSON with the seconds
that it took and the values that it gave. What a first evaluation loads and compiles is not timed.
"""

import json
import pathlib
import sys
import time
import warnings

import numpy
import sklearn
from sklearn import metrics
from sklearn.calibration import calibration_curve

warnings.simplefilter("ignore")

names = {"metrics": metrics, "numpy": numpy, "calibration_curve": calibration_curve}
columns = {path.stem: numpy.load(path) for path in pathlib.Path(sys.argv[1]).glob("*.npy")}
few = {name: values[:1000].copy() for name, values in columns.items()}


def answer(**values):
    print(json.dumps(values), flush=True)


answer(version=f"scikit-learn {sklearn.__version__}, numpy {numpy.__version__}")
for line in sys.stdin:
    expression = compile(line.strip(), "<metric>", "eval")
    eval(expression, names | few)
    start = time.perf_counter()
    result = eval(expression, names | columns)
    seconds = time.perf_counter() - start
    answer(seconds=seconds, values=numpy.atleast_1d(numpy.asarray(result, dtype=float)).tolist())
