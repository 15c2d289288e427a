"""Trains a network on handwritten digits and writes a checkpoint after every epoch.

    python benches/train_mlp.py DIR [--width 1024] [--epochs 9] [--adam]

Needs scikit-learn and safetensors. Each DIR/epoch-NN.safetensors holds the weights in f32, as
torch.nn.Linear has them, and with --adam the optimizer's two moments beside them: real
checkpoints for `cargo xtask bench store`, where those that it makes up itself are synthetic.
"""

import argparse
import pathlib

import numpy
from safetensors.numpy import save_file
from sklearn.datasets import load_digits
from sklearn.neural_network import MLPClassifier


def tensors(network, with_adam):
    """Names the weights, and the moments if asked for."""
    names = [f"layers.{index}.weight" for index in range(len(network.coefs_))]
    names += [f"layers.{index}.bias" for index in range(len(network.intercepts_))]
    kinds = {"": network.coefs_ + network.intercepts_}
    if with_adam:
        kinds[".exp_avg"] = network._optimizer.ms
        kinds[".exp_avg_sq"] = network._optimizer.vs
    return {
        name + kind: numpy.ascontiguousarray(values.T, dtype=numpy.float32)
        for kind, arrays in kinds.items()
        for name, values in zip(names, arrays)
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--width", type=int, default=1024)
    parser.add_argument("--epochs", type=int, default=9)
    parser.add_argument("--adam", action="store_true")
    args = parser.parse_args()

    pixels, digits = load_digits(return_X_y=True)
    pixels = (pixels / 16).astype(numpy.float32)
    network = MLPClassifier((args.width, args.width), batch_size=64, random_state=1)
    args.folder.mkdir(parents=True, exist_ok=True)
    for epoch in range(1, args.epochs + 1):
        network.partial_fit(pixels, digits, classes=range(10))
        save_file(tensors(network, args.adam), args.folder / f"epoch-{epoch:02}.safetensors")
        print(f"epoch {epoch}/{args.epochs}  loss {network.loss_:.4f}  "
              f"accuracy {network.score(pixels, digits):.4f}")


if __name__ == "__main__":
    main()
