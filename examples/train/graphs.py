"""ONNX graphs of the trained models, written node by node from their fitted numbers.

Every graph takes the raw values of a data set and scales them itself, and every input and output
has the symbolic first axis `batch`. Classifiers answer with `label` (batch, 1) and
`probabilities` (batch, classes); the regressor answers with a single (batch, 1) output.
"""

from collections.abc import Sequence

import numpy as np
import onnx
from numpy.typing import ArrayLike
from onnx import TensorProto, helper, numpy_helper
from sklearn.ensemble import RandomForestClassifier
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.naive_bayes import ComplementNB
from sklearn.neural_network import MLPClassifier
from sklearn.preprocessing import StandardScaler

import conv_net
from corpus import WORD

OPSETS = {"": 17, "ai.onnx.ml": 3, "com.microsoft": 1}
IR_VERSION = 8


class Graph:
    """Collects the nodes and constants of one ONNX graph."""

    def __init__(self, name: str, description: str) -> None:
        self._name = name
        self._description = description
        self._nodes: list[onnx.NodeProto] = []
        self._constants: list[onnx.TensorProto] = []
        self._inputs: list[onnx.ValueInfoProto] = []
        self._outputs: list[onnx.ValueInfoProto] = []

    def input(self, name: str, datatype: int, row_shape: Sequence[int]) -> str:
        """Declares an input; `row_shape` leaves the batch axis out."""
        self._inputs.append(helper.make_tensor_value_info(name, datatype, ["batch", *row_shape]))
        return name

    def output(self, name: str, datatype: int, row_shape: Sequence[int]) -> None:
        """Declares the value called `name` an output; `row_shape` leaves the batch axis out."""
        self._outputs.append(helper.make_tensor_value_info(name, datatype, ["batch", *row_shape]))

    def floats(self, name: str, values: ArrayLike) -> str:
        """Adds an FP32 constant."""
        return self._constant(name, np.asarray(values, np.float32))

    def integers(self, name: str, values: ArrayLike) -> str:
        """Adds an INT64 constant."""
        return self._constant(name, np.asarray(values, np.int64))

    def strings(self, name: str, values: Sequence[str]) -> str:
        """Adds a STRING constant."""
        return self._constant(name, np.asarray(values, object))

    def node(
        self, op: str, *inputs: str, to: str | Sequence[str], domain: str = "", **attributes
    ) -> str:
        """Adds a node writing to the value (or values) `to`; returns the first one's name."""
        outputs = [to] if isinstance(to, str) else list(to)
        self._nodes.append(
            helper.make_node(
                op, inputs, outputs, name=f"{outputs[0]}_node", domain=domain, **attributes
            )
        )
        return outputs[0]

    def build(self) -> onnx.ModelProto:
        """Returns the checked model. It names only the operator sets that its nodes use."""
        graph = helper.make_graph(
            self._nodes, self._name, self._inputs, self._outputs, self._constants
        )
        domains = sorted({node.domain for node in self._nodes})
        model = helper.make_model(
            graph,
            ir_version=IR_VERSION,
            opset_imports=[helper.make_opsetid(domain, OPSETS[domain]) for domain in domains],
            doc_string=self._description,
        )
        onnx.checker.check_model(model, full_check=True)
        return model

    def _constant(self, name: str, values: np.ndarray) -> str:
        self._constants.append(numpy_helper.from_array(values, name))
        return name


def mlp_classifier(
    name: str,
    description: str,
    input_name: str,
    scaler: StandardScaler | float,
    model: MLPClassifier,
) -> onnx.ModelProto:
    """A multilayer perceptron with ReLU, on features that are standardised or just divided."""
    graph = Graph(name, description)
    value = graph.input(input_name, TensorProto.FLOAT, [model.n_features_in_])
    if isinstance(scaler, StandardScaler):
        value = _standardised(graph, value, scaler)
    else:
        value = _divided(graph, value, scaler)
    layers = list(zip(model.coefs_, model.intercepts_, strict=True))
    for index, (weight, bias) in enumerate(layers, start=1):
        value = _dense(graph, f"dense{index}", value, weight, bias)
        if index < len(layers):
            value = graph.node("Relu", value, to=f"relu{index}")
    _classes_from_logits(graph, value, len(model.classes_))
    return graph.build()


def logistic_classifier(
    name: str, description: str, input_name: str, scaler: StandardScaler, model: LogisticRegression
) -> onnx.ModelProto:
    """A multinomial logistic regression on standardised features."""
    graph = Graph(name, description)
    features = graph.input(input_name, TensorProto.FLOAT, [model.n_features_in_])
    scaled = _standardised(graph, features, scaler)
    logits = _dense(graph, "logits", scaled, model.coef_.T, model.intercept_)
    _classes_from_logits(graph, logits, len(model.classes_))
    return graph.build()


def linear_regressor(
    name: str,
    description: str,
    input_name: str,
    output_name: str,
    scaler: StandardScaler,
    model: LinearRegression,
) -> onnx.ModelProto:
    """A linear regression on standardised features."""
    graph = Graph(name, description)
    features = graph.input(input_name, TensorProto.FLOAT, [model.n_features_in_])
    scaled = _standardised(graph, features, scaler)
    _dense(graph, output_name, scaled, model.coef_[:, np.newaxis], [model.intercept_])
    graph.output(output_name, TensorProto.FLOAT, [1])
    return graph.build()


def conv_classifier(
    name: str, description: str, input_name: str, scale: float, net: conv_net.ConvNet, classes: int
) -> onnx.ModelProto:
    """A convolutional net for 8x8 grey images, fed with `input / scale`."""
    graph = Graph(name, description)
    image = graph.input(input_name, TensorProto.FLOAT, [1, 8, 8])
    value = _divided(graph, image, scale)
    for index, layer in enumerate(net.layers, start=1):
        match layer:
            case conv_net.Conv3x3(parameters=parameters):
                weight = graph.floats(f"conv{index}_weight", parameters["weight"])
                bias = graph.floats(f"conv{index}_bias", parameters["bias"])
                value = graph.node(
                    "Conv", value, weight, bias, to=f"conv{index}", pads=[1, 1, 1, 1]
                )
            case conv_net.Relu():
                value = graph.node("Relu", value, to=f"relu{index}")
            case conv_net.MaxPool2x2():
                value = graph.node(
                    "MaxPool", value, to=f"pool{index}", kernel_shape=[2, 2], strides=[2, 2]
                )
            case conv_net.Flatten():
                value = graph.node("Flatten", value, to=f"flat{index}")
            case conv_net.Dense(parameters=parameters):
                value = _dense(
                    graph, f"dense{index}", value, parameters["weight"], parameters["bias"]
                )
            case _:
                raise TypeError(f"no ONNX operator is known for {type(layer).__name__}")
    _classes_from_logits(graph, value, classes)
    return graph.build()


def forest_classifier(
    name: str, description: str, input_name: str, model: RandomForestClassifier
) -> onnx.ModelProto:
    """A random forest as one TreeEnsembleClassifier; its probabilities are the trees' mean."""
    nodes: dict[str, list] = {
        key: []
        for key in (
            "treeids",
            "nodeids",
            "featureids",
            "values",
            "modes",
            "truenodeids",
            "falsenodeids",
        )
    }
    leaves: dict[str, list] = {key: [] for key in ("treeids", "nodeids", "ids", "weights")}
    for tree_id, estimator in enumerate(model.estimators_):
        tree = estimator.tree_
        for node_id in range(tree.node_count):
            is_leaf = tree.children_left[node_id] == -1
            nodes["treeids"].append(tree_id)
            nodes["nodeids"].append(node_id)
            nodes["modes"].append("LEAF" if is_leaf else "BRANCH_LEQ")
            nodes["featureids"].append(0 if is_leaf else int(tree.feature[node_id]))
            nodes["values"].append(0.0 if is_leaf else _round_down(tree.threshold[node_id]))
            nodes["truenodeids"].append(0 if is_leaf else int(tree.children_left[node_id]))
            nodes["falsenodeids"].append(0 if is_leaf else int(tree.children_right[node_id]))
            if is_leaf:
                for class_id, share in enumerate(tree.value[node_id][0]):
                    leaves["treeids"].append(tree_id)
                    leaves["nodeids"].append(node_id)
                    leaves["ids"].append(class_id)
                    leaves["weights"].append(float(share / len(model.estimators_)))

    graph = Graph(name, description)
    graph.node(
        "TreeEnsembleClassifier",
        graph.input(input_name, TensorProto.FLOAT, [model.n_features_in_]),
        to=["winner", "probabilities"],
        domain="ai.onnx.ml",
        classlabels_int64s=[int(label) for label in model.classes_],
        post_transform="NONE",
        **{f"nodes_{key}": values for key, values in nodes.items()},
        **{f"class_{key}": values for key, values in leaves.items()},
    )
    graph.node("Unsqueeze", "winner", graph.integers("last_axis", [1]), to="label")
    _class_outputs(graph, TensorProto.INT64, len(model.classes_))
    return graph.build()


def text_classifier(
    name: str,
    description: str,
    input_name: str,
    vectorizer: CountVectorizer,
    model: ComplementNB,
) -> onnx.ModelProto:
    """Complement naive Bayes on the counts of the known words of a text."""
    words = vectorizer.get_feature_names_out().tolist()
    graph = Graph(name, description)
    text = graph.input(input_name, TensorProto.STRING, [1])
    flat = graph.node("Squeeze", text, graph.integers("last_axis", [1]), to="flat")
    # The default locale, en_US, is missing in many containers. "C" is always there and lowers
    # A to Z, the only letters the tokenizer looks at.
    lower = graph.node(
        "StringNormalizer",
        flat,
        to="lower",
        case_change_action="LOWER",
        is_case_sensitive=0,
        locale="C",
    )
    tokens = graph.node(
        "Tokenizer",
        lower,
        to="tokens",
        domain="com.microsoft",
        mark=0,
        mincharnum=1,
        pad_value="",
        tokenexp=WORD,
    )
    counts = graph.node(
        "TfIdfVectorizer",
        tokens,
        to="counts",
        mode="TF",
        min_gram_length=1,
        max_gram_length=1,
        max_skip_count=0,
        ngram_counts=[0],
        ngram_indexes=list(range(len(words))),
        pool_strings=words,
    )
    weights = graph.floats("weights", model.feature_log_prob_.T)
    logits = graph.node("MatMul", counts, weights, to="logits")
    index = _argmax_and_softmax(graph, logits, index_name="index")
    graph.node("Gather", graph.strings("names", model.classes_.tolist()), index, to="label")
    _class_outputs(graph, TensorProto.STRING, len(model.classes_))
    return graph.build()


def _standardised(graph: Graph, value: str, scaler: StandardScaler) -> str:
    centred = graph.node("Sub", value, graph.floats("mean", scaler.mean_), to="centred")
    return _divided(graph, centred, scaler.scale_)


def _divided(graph: Graph, value: str, divisor: ArrayLike) -> str:
    return graph.node("Div", value, graph.floats("scale", divisor), to="scaled")


def _dense(graph: Graph, name: str, value: str, weight: ArrayLike, bias: ArrayLike) -> str:
    weight = graph.floats(f"{name}_weight", weight)
    return graph.node("Gemm", value, weight, graph.floats(f"{name}_bias", bias), to=name)


def _classes_from_logits(graph: Graph, logits: str, classes: int) -> None:
    """Ends a classifier whose labels are the class numbers 0, 1, 2, ..."""
    _argmax_and_softmax(graph, logits, index_name="label")
    _class_outputs(graph, TensorProto.INT64, classes)


def _argmax_and_softmax(graph: Graph, logits: str, index_name: str) -> str:
    graph.node("Softmax", logits, to="probabilities", axis=1)
    return graph.node("ArgMax", logits, to=index_name, axis=1, keepdims=1)


def _class_outputs(graph: Graph, label_type: int, classes: int) -> None:
    graph.output("label", label_type, [1])
    graph.output("probabilities", TensorProto.FLOAT, [classes])


def _round_down(threshold: float) -> float:
    """The largest FP32 number up to `threshold`: `x <= threshold` stays the same for FP32 `x`."""
    rounded = np.float32(threshold)
    return float(np.nextafter(rounded, np.float32(-np.inf)) if rounded > threshold else rounded)
