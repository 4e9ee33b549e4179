"""Gradients by a tape, in numpy: each operation notes how to undo itself.

Arrays are float32. Images are ``[batch, height, width, channels]``, sequences ``[batch, time,
channels]``; weights lie as PyTorch stores them, ``[out, in]`` and ``[out, in, 3, 3]``.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]
Weights = dict[str, Array]


class Tape:
    """What was computed, in order."""

    def __init__(self) -> None:
        self.undo: list[Callable[[], None]] = []

    def node(self, data: Array) -> Node:
        """A value that gradients may flow into."""
        return Node(np.asarray(data, np.float32), self)

    def backward(self, loss: Node) -> None:
        """Leave in every node that ``loss`` depends on its gradient."""
        loss.give(np.ones_like(loss.data))
        for step in reversed(self.undo):
            step()


class Node:
    """An array and, after the way back, the gradient of the loss by it."""

    __slots__ = ("data", "grad", "tape")

    def __init__(self, data: Array, tape: Tape) -> None:
        self.data = data
        self.tape = tape
        self.grad: Array | None = None

    def give(self, grad: Array) -> None:
        """Add to the gradient."""
        self.grad = grad if self.grad is None else self.grad + grad

    def then(self, data: Array, undo: Callable[[Array], None]) -> Node:
        """The result of an operation on this one; ``undo`` gives its inputs their gradients."""
        found = Node(data, self.tape)

        def step() -> None:
            if found.grad is not None:
                undo(found.grad)

        self.tape.undo.append(step)
        return found

    def __add__(self, other: Node) -> Node:
        def undo(grad: Array) -> None:
            self.give(_shrunk(grad, self.data.shape))
            other.give(_shrunk(grad, other.data.shape))

        return self.then(self.data + other.data, undo)

    def __mul__(self, other: Node) -> Node:
        def undo(grad: Array) -> None:
            self.give(_shrunk(grad * other.data, self.data.shape))
            other.give(_shrunk(grad * self.data, other.data.shape))

        return self.then(self.data * other.data, undo)


def _shrunk(grad: Array, shape: tuple[int, ...]) -> Array:
    """The gradient of what was spread over leading axes, or over axes of size 1."""
    extra = grad.ndim - len(shape)
    if extra:
        grad = grad.sum(axis=tuple(range(extra)))
    ones = tuple(axis for axis, size in enumerate(shape) if size == 1 < grad.shape[axis])
    return grad.sum(axis=ones, keepdims=True) if ones else grad


def linear(x: Node, weight: Node) -> Node:
    """``x W'`` over the last axis; a kernel of 1 x 1 counts as its matrix."""
    matrix = weight.data.reshape(weight.data.shape[0], -1)

    def undo(grad: Array) -> None:
        x.give(grad @ matrix)
        flat = grad.reshape(-1, grad.shape[-1]).T @ x.data.reshape(-1, x.data.shape[-1])
        weight.give(flat.reshape(weight.data.shape))

    return x.then(x.data @ matrix.T, undo)


def conv3(x: Node, weight: Node) -> Node:
    """A 3 x 3 convolution that keeps the size."""
    channels = x.data.shape[-1]
    patches = _patches(x.data)
    kernel = weight.data.transpose(2, 3, 1, 0).reshape(9 * channels, -1)

    def undo(grad: Array) -> None:
        flat = patches.reshape(-1, 9 * channels).T @ grad.reshape(-1, grad.shape[-1])
        weight.give(flat.reshape(3, 3, channels, -1).transpose(3, 2, 0, 1))
        turned = weight.data[:, :, ::-1, ::-1].transpose(2, 3, 0, 1)
        x.give(_patches(grad) @ turned.reshape(-1, channels))

    return x.then(patches @ kernel, undo)


def _patches(x: Array) -> Array:
    """The 3 x 3 surroundings of each place, zero beyond the edge: nine times the channels."""
    _, height, width, _ = x.shape
    padded = np.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)))
    shifts = [(i, j) for i in range(3) for j in range(3)]
    return np.concatenate([padded[:, i : i + height, j : j + width] for i, j in shifts], axis=-1)


def silu(x: Node) -> Node:
    """``x sigmoid(x)``."""
    one = np.float32(1)
    gate = one / (one + np.exp(-x.data))
    slope = np.asarray(gate * (one + x.data * (one - gate)), np.float32)
    return x.then(x.data * gate, lambda grad: x.give(grad * slope))


def rms_norm(x: Node, weight: Node) -> Node:
    """Each vector divided by the root of its mean square, then scaled by channel."""
    size = np.sqrt((x.data**2).mean(axis=-1, keepdims=True) + np.float32(1e-5))
    unit = x.data / size

    def undo(grad: Array) -> None:
        weight.give(_shrunk(grad * unit, weight.data.shape))
        inner = grad * weight.data
        x.give((inner - unit * (inner * unit).mean(axis=-1, keepdims=True)) / size)

    return x.then(unit * weight.data, undo)


def attention(q: Node, k: Node, v: Node, heads: int, *, causal: bool = False) -> Node:
    """Softmax attention of several heads."""

    def split(x: Array) -> Array:
        return x.reshape(*x.shape[:2], heads, -1).transpose(0, 2, 1, 3)

    def joined(x: Array) -> Array:
        return x.transpose(0, 2, 1, 3).reshape(x.shape[0], x.shape[2], -1)

    ours, theirs, values = split(q.data), split(k.data), split(v.data)
    scale = np.float32(ours.shape[-1] ** -0.5)
    scores = ours @ theirs.swapaxes(-1, -2) * scale
    if causal:
        scores += np.triu(np.full(scores.shape[-2:], -1e9, np.float32), 1)
    share = softmax(scores)

    def undo(grad: Array) -> None:
        out = split(grad)
        v.give(joined(share.swapaxes(-1, -2) @ out))
        back = out @ values.swapaxes(-1, -2)
        back = share * (back - (back * share).sum(axis=-1, keepdims=True)) * scale
        q.give(joined(back @ theirs))
        k.give(joined(back.swapaxes(-1, -2) @ ours))

    return q.then(joined(share @ values), undo)


def rows(weight: Node, numbers: NDArray[np.integer]) -> Node:
    """The rows of a matrix with these numbers."""

    def undo(grad: Array) -> None:
        into = np.zeros_like(weight.data)
        np.add.at(into, numbers.reshape(-1), grad.reshape(-1, grad.shape[-1]))
        weight.give(into)

    return weight.then(weight.data[numbers], undo)


def reshape(x: Node, *shape: int) -> Node:
    """The same values in another shape."""
    return x.then(x.data.reshape(shape), lambda grad: x.give(grad.reshape(x.data.shape)))


def concat(x: Node, y: Node) -> Node:
    """Channels of both."""
    cut = x.data.shape[-1]

    def undo(grad: Array) -> None:
        x.give(grad[..., :cut])
        y.give(grad[..., cut:])

    return x.then(np.concatenate([x.data, y.data], axis=-1), undo)


def cross_entropy(logits: Node, wanted: Array) -> Node:
    """Mean over rows of what a softmax differs from the wanted distribution by."""
    found = softmax(logits.data)
    count = np.float32(logits.data[..., 0].size)
    loss = -(wanted * np.log(found + np.float32(1e-9))).sum() / count
    slope = (found - wanted) / count
    return logits.then(np.asarray(loss, np.float32), lambda grad: logits.give(grad * slope))


def mean_square(x: Node, wanted: Array) -> Node:
    """Mean squared difference."""
    gap = x.data - wanted
    return x.then(
        np.asarray((gap**2).mean(), np.float32),
        lambda grad: x.give(grad * gap * np.float32(2 / gap.size)),
    )


def softmax(x: Array) -> Array:
    """Over the last axis."""
    raised = np.exp(x - x.max(axis=-1, keepdims=True))
    return np.asarray(raised / raised.sum(axis=-1, keepdims=True))
