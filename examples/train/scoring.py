"""Runs exported models in ONNX Runtime and compares them with the true labels."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from sklearn.metrics import r2_score


def run(model_path: Path, input_name: str, rows: np.ndarray) -> dict[str, np.ndarray]:
    """All outputs of an ONNX model, computed on one CPU thread."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(model_path, options, providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(names, {input_name: rows}), strict=True))


def score(held_out_path: Path, model_path: Path) -> dict[str, Any]:
    """The accuracy or R² of a model on the rows of a `*.heldout.json` file.

    The rows are read back from the file and the predictions are ONNX Runtime's, so a server that
    is sent the same rows reaches the same number.
    """
    held_out = json.loads(held_out_path.read_text("utf-8"))
    (tensor,) = held_out["inputs"]
    dtype = np.float32 if tensor["datatype"] == "FP32" else object
    rows = np.array(tensor["values"], dtype).reshape(tensor["shape"])
    predicted = run(model_path, tensor["name"], rows)[held_out["label_output"]][:, 0]
    labels = held_out["labels"]
    if held_out["task"] == "regression":
        # The last bits of FP32 sums differ between processors, so they are rounded away.
        value = round(float(r2_score(labels, predicted.astype(np.float64))), 6)
        return {"metric": "r2", "rows": len(rows), "value": value}
    correct = int(np.sum(predicted == np.array(labels)))
    return {
        "metric": "accuracy",
        "rows": len(rows),
        "correct": correct,
        "value": correct / len(rows),
    }
