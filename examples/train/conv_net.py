"""A small convolutional network in plain numpy, with a hand-written backward pass.

Tensors are laid out as in ONNX: images are (batch, channels, height, width), convolution kernels
are (out, in, height, width). So the trained parameters go into an ONNX graph as they are.
"""

from collections.abc import Iterator

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

Array = np.ndarray


class Layer:
    """One step of the network. Layers with parameters also hold the latest gradients."""

    def __init__(self) -> None:
        self.parameters: dict[str, Array] = {}
        self.gradients: dict[str, Array] = {}

    def forward(self, x: Array) -> Array:
        """Computes the output and remembers what `backward` needs."""
        raise NotImplementedError

    def backward(self, gradient: Array) -> Array:
        """Turns the loss gradient of the output into that of the input."""
        raise NotImplementedError


class Conv3x3(Layer):
    """A 3x3 convolution with stride 1 and a border of zeros: height and width stay the same."""

    def __init__(self, channels_in: int, channels_out: int, rng: np.random.Generator) -> None:
        super().__init__()
        self.parameters = {
            "weight": _he_normal(rng, (channels_out, channels_in, 3, 3), channels_in * 9),
            "bias": np.zeros(channels_out, np.float32),
        }

    def forward(self, x: Array) -> Array:
        padded = np.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1)))
        self._shape = x.shape
        # One row per pixel: its 3x3 neighbourhood in every input channel.
        windows = sliding_window_view(padded, (3, 3), axis=(2, 3))
        self._patches = windows.transpose(0, 2, 3, 1, 4, 5).reshape(-1, x.shape[1] * 9)
        weight = self.parameters["weight"]
        pixels = self._patches @ weight.reshape(len(weight), -1).T + self.parameters["bias"]
        batch, _, height, width = x.shape
        return pixels.reshape(batch, height, width, -1).transpose(0, 3, 1, 2)

    def backward(self, gradient: Array) -> Array:
        weight = self.parameters["weight"]
        pixels = gradient.transpose(0, 2, 3, 1).reshape(-1, len(weight))
        self.gradients = {
            "weight": (pixels.T @ self._patches).reshape(weight.shape),
            "bias": pixels.sum(axis=0),
        }
        batch, channels, height, width = self._shape
        patches = (pixels @ weight.reshape(len(weight), -1)).reshape(
            batch, height, width, channels, 3, 3
        )
        padded = np.zeros((batch, channels, height + 2, width + 2), np.float32)
        for row in range(3):
            for column in range(3):
                padded[:, :, row : row + height, column : column + width] += patches[
                    ..., row, column
                ].transpose(0, 3, 1, 2)
        return padded[:, :, 1:-1, 1:-1]


class Relu(Layer):
    """Sets what is below zero to zero."""

    def forward(self, x: Array) -> Array:
        self._positive = x > 0
        return x * self._positive

    def backward(self, gradient: Array) -> Array:
        return gradient * self._positive


class MaxPool2x2(Layer):
    """The largest value of every 2x2 square: halves height and width, which must be even."""

    def forward(self, x: Array) -> Array:
        batch, channels, height, width = x.shape
        squares = (
            x.reshape(batch, channels, height // 2, 2, width // 2, 2)
            .transpose(0, 1, 2, 4, 3, 5)
            .reshape(batch, channels, height // 2, width // 2, 4)
        )
        self._winner = squares.argmax(axis=-1)[..., np.newaxis]
        return np.take_along_axis(squares, self._winner, axis=-1)[..., 0]

    def backward(self, gradient: Array) -> Array:
        batch, channels, height, width = gradient.shape
        squares = np.zeros((*gradient.shape, 4), np.float32)
        np.put_along_axis(squares, self._winner, gradient[..., np.newaxis], axis=-1)
        return (
            squares.reshape(batch, channels, height, width, 2, 2)
            .transpose(0, 1, 2, 4, 3, 5)
            .reshape(batch, channels, height * 2, width * 2)
        )


class Flatten(Layer):
    """Makes one row of numbers of every image."""

    def forward(self, x: Array) -> Array:
        self._shape = x.shape
        return x.reshape(len(x), -1)

    def backward(self, gradient: Array) -> Array:
        return gradient.reshape(self._shape)


class Dense(Layer):
    """A fully connected layer; `weight` is (in, out)."""

    def __init__(self, size_in: int, size_out: int, rng: np.random.Generator) -> None:
        super().__init__()
        self.parameters = {
            "weight": _he_normal(rng, (size_in, size_out), size_in),
            "bias": np.zeros(size_out, np.float32),
        }

    def forward(self, x: Array) -> Array:
        self._input = x
        return x @ self.parameters["weight"] + self.parameters["bias"]

    def backward(self, gradient: Array) -> Array:
        self.gradients = {"weight": self._input.T @ gradient, "bias": gradient.sum(axis=0)}
        return gradient @ self.parameters["weight"].T


class ConvNet:
    """Two rounds of convolution and pooling, then one dense layer, for 8x8 grey images."""

    def __init__(self, classes: int, seed: int) -> None:
        self._rng = np.random.default_rng(seed)
        self.layers: list[Layer] = [
            Conv3x3(1, 16, self._rng),
            Relu(),
            MaxPool2x2(),
            Conv3x3(16, 32, self._rng),
            Relu(),
            MaxPool2x2(),
            Flatten(),
            Dense(32 * 2 * 2, classes, self._rng),
        ]

    def logits(self, images: Array) -> Array:
        """Scores of every class, before softmax."""
        for layer in self.layers:
            images = layer.forward(images)
        return images

    def probabilities(self, images: Array) -> Array:
        """The probability of every class."""
        return _softmax(self.logits(images))

    def loss(self, images: Array, labels: Array) -> float:
        """Computes the mean cross-entropy of a batch and leaves its gradients in the layers."""
        probabilities = self.probabilities(images)
        rows = np.arange(len(labels))
        loss = -np.log(probabilities[rows, labels]).mean()
        gradient = probabilities
        gradient[rows, labels] -= 1
        gradient /= len(labels)
        for layer in reversed(self.layers):
            gradient = layer.backward(gradient)
        return float(loss)

    def fit(self, images: Array, labels: Array, epochs: int, batch_size: int, rate: float) -> None:
        """Trains with Adam, the rate falling from `rate` to zero along half a cosine wave."""
        adam = Adam(self)
        for epoch in range(epochs):
            epoch_rate = rate * 0.5 * (1 + np.cos(np.pi * epoch / epochs))
            for rows in self._batches(len(images), batch_size):
                self.loss(images[rows], labels[rows])
                adam.step(epoch_rate)

    def _batches(self, rows: int, size: int) -> Iterator[Array]:
        order = self._rng.permutation(rows)
        for start in range(0, rows, size):
            yield order[start : start + size]


class Adam:
    """The Adam optimiser (Kingma and Ba, 2015), changing the parameters of a net in place."""

    def __init__(self, net: ConvNet, decay_mean: float = 0.9, decay_square: float = 0.999) -> None:
        self._slots = [
            (layer, name, np.zeros_like(value), np.zeros_like(value))
            for layer in net.layers
            for name, value in layer.parameters.items()
        ]
        self._decay_mean = decay_mean
        self._decay_square = decay_square
        self._steps = 0

    def step(self, rate: float) -> None:
        """Moves every parameter against its latest gradient."""
        self._steps += 1
        correction_mean = 1 - self._decay_mean**self._steps
        correction_square = 1 - self._decay_square**self._steps
        for layer, name, mean, square in self._slots:
            gradient = layer.gradients[name]
            mean += (1 - self._decay_mean) * (gradient - mean)
            square += (1 - self._decay_square) * (gradient**2 - square)
            step = (mean / correction_mean) / (np.sqrt(square / correction_square) + 1e-8)
            layer.parameters[name] -= np.float32(rate) * step


def _he_normal(rng: np.random.Generator, shape: tuple[int, ...], fan_in: int) -> Array:
    """Random start weights for layers followed by ReLU (He et al., 2015)."""
    return (rng.standard_normal(shape) * np.sqrt(2 / fan_in)).astype(np.float32)


def _softmax(logits: Array) -> Array:
    exponentials = np.exp(logits - logits.max(axis=1, keepdims=True))
    return exponentials / exponentials.sum(axis=1, keepdims=True)
