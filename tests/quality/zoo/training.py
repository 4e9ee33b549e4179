"""Training from a seed: initial values, batches, Adam."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from tests.quality.zoo.tape import Array, Node, Tape, Weights

Forward = Callable[[dict[str, Node], np.random.Generator], Node]
"""The loss of one batch, drawn from the generator."""


@dataclass(frozen=True, slots=True)
class Course:
    """How long and how hard."""

    steps: int
    rate: float
    only: str = ""
    """Train the tensors with this in their name; the others stay frozen."""


def initial(shapes: Mapping[str, tuple[int, ...]], seed: int) -> Weights:
    """Norms are ones, matrices normal, with half the deviation that keeps the size of what they
    map: training has to move them far.
    """
    drawn = np.random.default_rng([seed, 1])
    weights: Weights = {}
    for name, shape in shapes.items():
        if len(shape) == 1:
            weights[name] = np.ones(shape, np.float32)
        else:
            spread = 0.15 if "embed" in name else 0.5 * math.prod(shape[1:]) ** -0.5
            weights[name] = drawn.standard_normal(shape, np.float32) * np.float32(spread)
    return weights


def train(weights: Weights, forward: Forward, course: Course, seed: int) -> Weights:
    """New weights, after ``course.steps`` steps of Adam; the rate rises at once, then falls."""
    drawn = np.random.default_rng([seed, 2])
    current = {name: value.copy() for name, value in weights.items()}
    trained = [name for name in current if course.only in name]
    first = {name: np.zeros_like(current[name]) for name in trained}
    second = {name: np.zeros_like(current[name]) for name in trained}
    warm = max(1, course.steps // 10)
    for step in range(1, course.steps + 1):
        grads = gradients(current, forward, drawn)
        rate = course.rate * min(1.0, step / warm) * (1 - 0.9 * step / course.steps)
        rate *= math.sqrt(1 - 0.99**step) / (1 - 0.9**step)
        for name in trained:
            grad = grads.get(name)
            if grad is None:
                continue
            first[name] += np.float32(0.1) * (grad - first[name])
            second[name] += np.float32(0.01) * (grad**2 - second[name])
            current[name] -= np.float32(rate) * first[name] / (np.sqrt(second[name]) + 1e-8)
    return {name: np.asarray(value, np.float32) for name, value in current.items()}


def gradients(weights: Weights, forward: Forward, drawn: np.random.Generator) -> dict[str, Array]:
    """Of the loss of one batch, by every weight that it depends on."""
    tape = Tape()
    nodes = {name: tape.node(value) for name, value in weights.items()}
    tape.backward(forward(nodes, drawn))
    return {name: node.grad for name, node in nodes.items() if node.grad is not None}


def loss(weights: Weights, forward: Forward, seed: int = 0) -> float:
    """Over one batch."""
    tape = Tape()
    nodes = {name: tape.node(value) for name, value in weights.items()}
    return float(forward(nodes, np.random.default_rng(seed)).data)
