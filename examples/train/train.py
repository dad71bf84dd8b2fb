"""Trains every example model and writes the model repository and the example inputs.

    python examples/train/train.py

All data comes with scikit-learn, and every random choice is seeded: a second run on the same
machine writes the same bytes.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
from sklearn.datasets import load_diabetes, load_digits, load_iris, load_wine
from sklearn.ensemble import RandomForestClassifier
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.naive_bayes import ComplementNB
from sklearn.neural_network import MLPClassifier
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

import graphs
from conv_net import ConvNet
from corpus import WORD, load_sentences
from files import HeldOut, request_tensor, write_held_out, write_metrics, write_request
from scoring import run, score

SEED = 0
DARKEST = 16.0
"""The highest grey level in the images of digits."""

EXAMPLES = Path(__file__).resolve().parent.parent
MODELS = EXAMPLES / "models"
INPUTS = EXAMPLES / "inputs"


@dataclass(frozen=True)
class Version:
    """One trained version of a model."""

    onnx: onnx.ModelProto
    expected: np.ndarray
    """What the model gave for the held-out rows before it was exported."""


@dataclass(frozen=True)
class Example:
    """A model with its held-out rows, ready to be written."""

    held_out: HeldOut
    versions: dict[int, Version]


def digits() -> Example:
    """Handwritten digits as 64 grey levels from 0 to 16: a multilayer perceptron."""
    train, test, train_labels, test_labels = _split(load_digits(return_X_y=True), held_out=360)
    model = MLPClassifier((64,), alpha=0.01, max_iter=1000, random_state=SEED)
    model.fit(train / DARKEST, train_labels)
    graph = graphs.mlp_classifier(
        "digits",
        "Handwritten digits, 8x8 grey levels 0..16, row by row: multilayer perceptron.",
        "image",
        DARKEST,
        model,
    )
    return Example(
        HeldOut("digits", "image", test, test_labels),
        {1: Version(graph, model.predict_proba(test / DARKEST))},
    )


def digits_conv() -> Example:
    """The same digits, and the same split, as 8x8 images: a convolutional net."""
    train, test, train_labels, test_labels = _split(load_digits(return_X_y=True), held_out=360)
    train, test = train.reshape(-1, 1, 8, 8), test.reshape(-1, 1, 8, 8)
    net = ConvNet(classes=10, seed=SEED)
    net.fit(train / DARKEST, np.array(train_labels), epochs=20, batch_size=32, rate=3e-3)
    graph = graphs.conv_classifier(
        "digits_conv",
        "Handwritten digits, 8x8 grey levels 0..16: convolutional net.",
        "image",
        DARKEST,
        net,
        classes=10,
    )
    return Example(
        HeldOut("digits_conv", "image", test, test_labels),
        {1: Version(graph, net.probabilities(test / DARKEST))},
    )


def iris() -> Example:
    """Iris flowers by four lengths in cm, in two versions: logistic regression and perceptron."""
    train, test, train_labels, test_labels = _split(load_iris(return_X_y=True), held_out=50)
    scaler = StandardScaler().fit(train)
    scaled_train, scaled_test = scaler.transform(train), scaler.transform(test)
    logistic = LogisticRegression(max_iter=1000).fit(scaled_train, train_labels)
    mlp = MLPClassifier((16,), solver="lbfgs", alpha=1.0, max_iter=1000, random_state=SEED)
    mlp.fit(scaled_train, train_labels)
    what = "Iris flowers; sepal length, sepal width, petal length, petal width in cm"
    return Example(
        HeldOut("iris", "features", test, test_labels),
        {
            1: Version(
                graphs.logistic_classifier(
                    "iris", f"{what}: logistic regression.", "features", scaler, logistic
                ),
                logistic.predict_proba(scaled_test),
            ),
            2: Version(
                graphs.mlp_classifier(
                    "iris",
                    f"{what}: multilayer perceptron.",
                    "features",
                    scaler,
                    mlp,
                ),
                mlp.predict_proba(scaled_test),
            ),
        },
    )


def wine() -> Example:
    """Italian wines by 13 chemical measurements: a random forest."""
    train, test, train_labels, test_labels = _split(load_wine(return_X_y=True), held_out=60)
    model = RandomForestClassifier(25, max_depth=4, random_state=SEED).fit(train, train_labels)
    graph = graphs.forest_classifier(
        "wine", "Three Italian wines, 13 measurements: random forest.", "features", model
    )
    return Example(
        HeldOut("wine", "features", test, test_labels),
        {1: Version(graph, model.predict_proba(test))},
    )


def diabetes() -> Example:
    """The progression of diabetes after a year, by ten raw measurements: linear regression."""
    features, targets = load_diabetes(return_X_y=True, scaled=False)
    train, test, train_targets, test_targets = _split(
        (features, targets.astype(int)), held_out=110, stratify=False
    )
    scaler = StandardScaler().fit(train)
    model = LinearRegression().fit(scaler.transform(train), train_targets)
    graph = graphs.linear_regressor(
        "diabetes",
        "Disease progression a year after baseline, 10 raw measurements: linear regression.",
        "features",
        "progression",
        scaler,
        model,
    )
    return Example(
        HeldOut("diabetes", "features", test, test_targets, "regression", "progression"),
        {1: Version(graph, model.predict(scaler.transform(test))[:, np.newaxis])},
    )


def topics() -> Example:
    """Which data set a sentence of scikit-learn's documentation describes: naive Bayes."""
    sentences, labels = load_sentences()
    train, test, train_labels, test_labels = train_test_split(
        sentences, labels, test_size=0.3, random_state=SEED, stratify=labels
    )
    vectorizer = CountVectorizer(token_pattern=WORD)
    model = ComplementNB().fit(vectorizer.fit_transform(train), train_labels)
    graph = graphs.text_classifier(
        "topics",
        "Which scikit-learn data set a sentence describes: complement naive Bayes on word counts.",
        "text",
        vectorizer,
        model,
    )
    return Example(
        HeldOut("topics", "text", np.array(test, object)[:, np.newaxis], test_labels),
        {1: Version(graph, model.predict_proba(vectorizer.transform(test)))},
    )


BUILDERS: tuple[Callable[[], Example], ...] = (digits, digits_conv, iris, wine, diabetes, topics)


def main() -> None:
    """Writes the models, the held-out rows, the example requests and the metrics."""
    INPUTS.mkdir(exist_ok=True)
    held_out: dict[str, HeldOut] = {}
    metrics: dict[str, dict] = {}
    print(f"{'model':<12} {'version':<8} {'metric':<9} {'rows':>4} {'value':>7} {'bytes':>7}")
    for build in BUILDERS:
        example = build()
        model = example.held_out.model
        held_out[model] = example.held_out
        held_out_path = INPUTS / f"{model}.heldout.json"
        write_held_out(example.held_out, held_out_path)
        for number, version in example.versions.items():
            path = _write_version(example.held_out, number, version)
            result = score(held_out_path, path)
            key = model if len(example.versions) == 1 else f"{model}/{number}"
            metrics[key] = {"model": model, "version": str(number), **result}
            print(
                f"{model:<12} {number:<8} {result['metric']:<9} {result['rows']:>4} "
                f"{result['value']:>7.4f} {path.stat().st_size:>7}"
            )
    write_metrics(metrics, INPUTS / "metrics.json")
    _write_requests(held_out)


def _split(
    data: tuple[np.ndarray, np.ndarray], held_out: int, stratify: bool = True
) -> tuple[np.ndarray, np.ndarray, list, list]:
    """Splits features and targets: training rows, held-out rows (both FP32) and their targets."""
    features, targets = data
    train, test, train_targets, test_targets = train_test_split(
        features.astype(np.float32),
        targets,
        test_size=held_out,
        random_state=SEED,
        stratify=targets if stratify else None,
    )
    return train, test, train_targets.tolist(), test_targets.tolist()


def _write_version(held_out: HeldOut, number: int, version: Version) -> Path:
    """Writes one `model.onnx` and makes sure that it still gives what was trained."""
    path = MODELS / held_out.model / str(number) / "model.onnx"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(version.onnx.SerializeToString(deterministic=True))
    output = held_out.label_output if held_out.task == "regression" else "probabilities"
    got = run(path, held_out.input_name, held_out.rows)[output]
    np.testing.assert_allclose(got, version.expected, rtol=1e-4, atol=1e-5)
    return path


def _write_requests(held_out: dict[str, HeldOut]) -> None:
    """Writes the small requests. Where classes matter, it takes each one's first held-out row."""

    def write(name: str, model: str, labels: Sequence[int | str], per_line: int, **more) -> None:
        rows = held_out[model]
        tensor = rows.tensor([rows.first_of(label) for label in labels])
        write_request(INPUTS / name, model, [tensor], per_line, **more)

    write("digit-7.json", "digits", [7], per_line=8)
    write("digits-10.json", "digits", range(10), per_line=64, rows_per_message=4)
    write("iris.json", "iris", range(3), per_line=4, version="2")
    write("wine.json", "wine", range(3), per_line=13)
    write("topic.json", "topics", ["california housing", "iris", "wine"], per_line=1)
    write_request(INPUTS / "diabetes.json", "diabetes", [held_out["diabetes"].tensor([0, 1])], 10)
    repeat = [
        request_tensor("IN", "INT32", [4], "ints", ["4", "2", "0", "1"]),
        request_tensor("DELAY", "UINT32", [4], "uints", ["0", "0", "0", "0"]),
        request_tensor("WAIT", "UINT32", [1], "uints", ["0"]),
    ]
    write_request(INPUTS / "repeat.json", "repeat", repeat, 4)


if __name__ == "__main__":
    with threadpool_limits(limits=1):
        main()
