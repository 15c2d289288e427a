"""Times other libraries for `cargo xtask bench trainer --peers`: python3 trainer_peers.py THREADS

Each line of the input is a JSON object with the keys task ("epoch", "closed_form" or "fit"), x and y
(files of plain little-endian numbers), rows, features, dtype, model ("linear", "logistic" or
"softmax"), classes and batch (0: all rows). It is answered by a line of JSON: for each library that is
installed and can do the task, the seconds that it takes, the median of several runs after one that is
not timed. The first line of the output names the libraries and their versions.
"""

import importlib
import json
import os
import statistics
import sys
import time
import warnings

THREADS = sys.argv[1]
for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = THREADS

import numpy  # noqa: E402 (reads the number of threads when it is loaded)

warnings.simplefilter("ignore")

# How long one answer is measured, in seconds, and how often at least.
ENOUGH = 0.15
RUNS = 3

RATE = 0.01


def optional(name):
    try:
        return importlib.import_module(name)
    except ImportError:
        return None


torch, sklearn, jax = optional("torch"), optional("sklearn"), optional("jax")
if torch:
    torch.set_num_threads(int(THREADS))
if sklearn:
    from sklearn.linear_model import LinearRegression, LogisticRegression
if jax:
    jax.config.update("jax_enable_x64", True)


def slices(rows, batch):
    return [slice(first, first + batch) for first in range(0, rows, batch)]


def numpy_epoch(task, x, y):
    classes = task["classes"] if task["model"] == "softmax" else 0
    w = numpy.zeros((x.shape[1], classes) if classes else x.shape[1], x.dtype)
    b = numpy.zeros(classes if classes else (), x.dtype)
    if classes:
        y = y.astype(numpy.int64)

    def step(x, y):
        nonlocal w, b
        z = x @ w + b
        if classes:
            z -= z.max(axis=1, keepdims=True)
            e = numpy.exp(z)
            s = e.sum(axis=1, keepdims=True)
            rows = numpy.arange(len(y))
            loss = (numpy.log(s[:, 0]) - z[rows, y]).mean()
            r = e / s
            r[rows, y] -= 1
        elif task["model"] == "logistic":
            loss = (numpy.logaddexp(0, z) - y * z).mean()
            r = 1 / (1 + numpy.exp(-z)) - y
        else:
            r = z - y
            loss = r @ r / len(y)
        w -= RATE * (x.T @ r) / x.dtype.type(len(y))
        b -= RATE * r.mean(axis=0)
        return loss

    return lambda: [step(x[part], y[part]) for part in slices(len(y), task["batch"] or len(y))]


def torch_epoch(task, x, y):
    x, y = torch.from_numpy(x), torch.from_numpy(y)
    outputs = task["classes"] if task["model"] == "softmax" else 1
    w = torch.zeros(x.shape[1], outputs, dtype=x.dtype, requires_grad=True)
    b = torch.zeros(outputs, dtype=x.dtype, requires_grad=True)
    functional = torch.nn.functional
    if outputs > 1:
        y = y.long()

    def step(x, y):
        z = x @ w + b
        if outputs > 1:
            loss = functional.cross_entropy(z, y)
        elif task["model"] == "logistic":
            loss = functional.binary_cross_entropy_with_logits(z[:, 0], y)
        else:
            loss = functional.mse_loss(z[:, 0], y)
        loss.backward()
        with torch.no_grad():
            w.sub_(RATE * w.grad)
            b.sub_(RATE * b.grad)
        w.grad = b.grad = None

    return lambda: [step(x[part], y[part]) for part in slices(len(y), task["batch"] or len(y))]


def jax_epoch(task, x, y):
    x, y = jax.numpy.asarray(x), jax.numpy.asarray(y)
    outputs = task["classes"] if task["model"] == "softmax" else 1
    y = y.astype(int) if outputs > 1 else y
    params = (jax.numpy.zeros((x.shape[1], outputs), x.dtype), jax.numpy.zeros(outputs, x.dtype))

    def loss(params, x, y):
        z = x @ params[0] + params[1]
        if outputs > 1:
            logs = jax.nn.log_softmax(z)
            return -jax.numpy.take_along_axis(logs, y[:, None], 1).mean()
        if task["model"] == "logistic":
            return (jax.numpy.logaddexp(0, z[:, 0]) - y * z[:, 0]).mean()
        return ((z[:, 0] - y) ** 2).mean()

    @jax.jit
    def step(params, x, y):
        gradient = jax.grad(loss)(params, x, y)
        return jax.tree_util.tree_map(lambda p, g: p - RATE * g, params, gradient)

    def epoch():
        nonlocal params
        for part in slices(len(y), task["batch"] or len(y)):
            params = step(params, x[part], y[part])
        jax.block_until_ready(params)

    return epoch


def lstsq(_, x, y):
    # The column of ones is made once: a caller would have it.
    ones = numpy.column_stack([x, numpy.ones(len(y), x.dtype)])
    return lambda: numpy.linalg.lstsq(ones, y, rcond=None)


LIBRARIES = {
    "epoch": {"numpy": numpy_epoch, "torch": torch and torch_epoch, "jax": jax and jax_epoch},
    "closed_form": {
        "scikit-learn": sklearn and (lambda _, x, y: lambda: LinearRegression().fit(x, y)),
        "numpy": lstsq,
    },
    "fit": {
        "scikit-learn": sklearn
        and (lambda _, x, y: lambda: LogisticRegression(tol=1e-4, max_iter=1000).fit(x, y)),
    },
}


def seconds(run):
    run()
    times = []
    while len(times) < RUNS or (sum(times) < ENOUGH and len(times) < 100_000):
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def answer(values):
    print(json.dumps(values), flush=True)


versions = {"numpy": numpy, "torch": torch, "scikit-learn": sklearn, "jax": jax}
answer({name: module.__version__ for name, module in versions.items() if module})
for line in sys.stdin:
    task = json.loads(line)
    x = numpy.fromfile(task["x"], task["dtype"]).reshape(task["rows"], task["features"])
    y = numpy.fromfile(task["y"], task["dtype"])
    libraries = {name: make for name, make in LIBRARIES[task["task"]].items() if make}
    answer({name: seconds(make(task, x, y)) for name, make in libraries.items()})
