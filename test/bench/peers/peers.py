"""Times one peer on layers of safetensors files: reads one task a line, as JSON, and answers each with one line.

`python peers.py METHOD`. A task is {"file", "layer", "stride", "input", "threads", "iterations"}; an answer {"seconds", "cpu",
"value"}, where `seconds` is the wall time and `cpu` the processor time of the method alone, without reading the weights; `value` is
null where the method does not take such a layer. The first line is {"versions"}, when everything is imported.
"""

import json
import logging
import os
import queue
import sys
import threading
import time
import warnings
from importlib.metadata import version

import torch
from safetensors import safe_open

GRID = 32
STEPS = 100


def gram_zeros(weight, task):
    """The reference, zero padding: Delattre et al. 2024."""
    return get_conv_sv(convolution(weight, task, "zeros"), task["iterations"], return_stab_rank=False)


def gram_circular(weight, task):
    """The reference, circular padding: Delattre et al. 2023, on an input of `grid` x `grid`, 32 where none is given."""
    layer = convolution(weight, task, "circular")
    return get_conv_sv(layer, task["iterations"], return_stab_rank=False, imsize=task.get("grid", GRID))


def gram_any_size(weight, task):
    """
    The same as a bound for any input size: kernels of k x k taps have symbols of degree (k - 1) / 2 on either axis, whose norms
    are at most 1 / (1 - (k - 1) / n) times those on a grid of n x n (Pfister and Bresler 2019, two variables).
    """
    return gram_circular(weight, task) / (1 - (weight.shape[2] - 1) / task["grid"])


def fft_svd(weight, task):
    """Singular values of the symbol on a grid of 32 x 32 (Sedghi et al. 2019); by symmetry half of it. Stride 1 is assumed."""
    symbols = torch.fft.rfft2(weight, s=(GRID, GRID)).permute(2, 3, 0, 1)
    return torch.linalg.svdvals(symbols).max()


def matrix_norm(weight, task):
    """The largest singular value of the matrix, or of the kernel unfolded to one."""
    return torch.linalg.matrix_norm(weight.flatten(1), ord=2)


def power_iteration(weight, task):
    """100 steps with the layer itself, on its own input size, and its adjoint."""
    generator = torch.Generator().manual_seed(0)
    if weight.dim() == 2:
        apply, adjoint = (lambda x: weight @ x), (lambda y: weight.T @ y)
        x = torch.randn(weight.shape[1], generator=generator)
    else:
        side, stride, padding = task["input"], task["stride"], weight.shape[2] // 2
        rest = (side + 2 * padding - weight.shape[2]) % stride
        x = torch.randn(1, weight.shape[1], side, side, generator=generator)

        def apply(x):
            return torch.nn.functional.conv2d(x, weight, stride=stride, padding=padding)

        def adjoint(y):
            return torch.nn.functional.conv_transpose2d(
                y, weight, stride=stride, padding=padding, output_padding=rest
            )

    for _ in range(STEPS):
        x = x / x.norm()
        y = apply(x)
        x = adjoint(y)
    return y.norm()


def weight_watcher(weight, task):
    """`analyze` as it comes: the spectra of the kernel's positions pooled, with its fits of power laws."""
    layer = convolution(weight, task, "zeros") if weight.dim() == 4 else linear(weight)
    watcher = WeightWatcher(model=torch.nn.Sequential(layer), log_level=logging.CRITICAL)
    details = watcher.analyze()
    return details.sv_max[0] if len(details) else None


METHODS = {
    "gram-zeros": gram_zeros,
    "gram-circular": gram_circular,
    "gram-any-size": gram_any_size,
    "fft-svd": fft_svd,
    "matrix-norm": matrix_norm,
    "power-iteration": power_iteration,
    "weightwatcher": weight_watcher,
}


def convolution(weight, task, mode):
    outputs, inputs, *size = weight.shape
    layer = torch.nn.Conv2d(
        inputs, outputs, size, stride=task["stride"], padding=size[0] // 2, padding_mode=mode, bias=False
    )
    layer.weight.data = weight
    return layer


def linear(weight):
    layer = torch.nn.Linear(*reversed(weight.shape), bias=False)
    layer.weight.data = weight
    return layer


def answer(method, task):
    with safe_open(task["file"], framework="pt") as file:
        weight = file.get_tensor(task["layer"] + ".weight")
    torch.set_num_threads(task["threads"])
    wall, cpu = time.perf_counter(), time.process_time()
    with torch.no_grad():
        value = method(weight, task)
    value = None if value is None else float(value)
    return {"seconds": time.perf_counter() - wall, "cpu": time.process_time() - cpu, "value": value}


def main():
    warnings.simplefilter("ignore")
    # What the libraries print is not an answer.
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    name = sys.argv[1]
    if name.startswith("gram"):
        global get_conv_sv
        from orthogonium.layers.conv.singular_values import get_conv_sv
    if name == "weightwatcher":
        global WeightWatcher
        from weightwatcher import WeightWatcher
    packages = ["torch", "orthogonium", "weightwatcher"]
    print(json.dumps({"versions": {package: version(package) for package in packages}}), file=answers)
    tasks = queue.SimpleQueue()
    threading.Thread(target=read_tasks, args=(tasks,), daemon=True).start()
    while True:
        print(json.dumps(answer(METHODS[name], tasks.get())), file=answers)


def read_tasks(tasks):
    for line in sys.stdin:
        tasks.put(json.loads(line))
    # Whoever asked is gone: nobody waits for the task at hand.
    os._exit(0)


main()
