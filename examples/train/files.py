"""The JSON files in `examples/inputs`: held-out rows, example requests and metrics."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

LABELS_PER_LINE = 20


@dataclass(frozen=True)
class HeldOut:
    """Rows a model never saw in training. They serve every version of the model."""

    model: str
    input_name: str
    rows: np.ndarray
    """FP32 numbers or strings; the first axis counts the rows."""
    labels: list[Any]
    task: str = "classification"
    label_output: str = "label"

    @property
    def datatype(self) -> str:
        """The kind of the input in the terms of the KServe protocol."""
        return "FP32" if self.rows.dtype == np.float32 else "BYTES"

    def first_of(self, label: Any) -> int:
        """The index of the first row with this label."""
        return self.labels.index(label)

    def tensor(self, indexes: Sequence[int]) -> dict[str, Any]:
        """Some of the rows as a `millrace.v1.Tensor`."""
        rows = self.rows[list(indexes)]
        field = "floats" if self.datatype == "FP32" else "strings"
        return request_tensor(self.input_name, self.datatype, rows.shape, field, plain(rows))


def request_tensor(
    name: str, datatype: str, shape: Iterable[int], field: str, values: Iterable[Any]
) -> dict[str, Any]:
    """A `millrace.v1.Tensor` in protobuf's JSON form, in which 64-bit integers are strings."""
    return {
        "name": name,
        "datatype": f"DATATYPE_{datatype}",
        "shape": [str(size) for size in shape],
        field: list(values),
    }


def write_request(
    path: Path,
    model: str,
    tensors: Iterable[dict[str, Any]],
    values_per_line: int,
    **more_fields: Any,
) -> None:
    """Writes a `millrace.v1` request, to be read by people too."""
    fields = {"model": model, "request_id": path.stem, **more_fields}
    head = "".join(f"  {_json(name)}: {_json(value)},\n" for name, value in fields.items())
    inputs = ",\n".join(_tensor_text(tensor, values_per_line) for tensor in tensors)
    _write(path, f'{{\n{head}  "inputs": [\n{inputs}\n  ]\n}}\n')


def write_held_out(held_out: HeldOut, path: Path) -> None:
    """Writes held-out rows with their true labels, one row a line."""
    count = len(held_out.rows)
    fields = {
        "model": held_out.model,
        "version": "",
        "task": held_out.task,
        "label_output": held_out.label_output,
    }
    head = "".join(f"  {_json(name)}: {_json(value)},\n" for name, value in fields.items())
    tensor = (
        f'"name": {_json(held_out.input_name)}, "datatype": {_json(held_out.datatype)}, '
        f'"shape": {_json(held_out.rows.shape)}'
    )
    rows = ",\n".join(_compact(plain(row)) for row in held_out.rows)
    labels = ",\n".join(
        _compact(held_out.labels[start : start + LABELS_PER_LINE])
        for start in range(0, count, LABELS_PER_LINE)
    )
    _write(
        path,
        f'{{\n{head}  "inputs": [{{{tensor}, "values": [\n{rows}\n  ]}}],\n'
        f'  "labels": [\n{labels}\n  ]\n}}\n',
    )


def write_metrics(metrics: dict[str, dict[str, Any]], path: Path) -> None:
    """Writes one line per model version."""
    lines = ",\n".join(f"  {_json(key)}: {_json(value)}" for key, value in metrics.items())
    _write(path, f"{{\n{lines}\n}}\n")


def plain(values: np.ndarray) -> list[Any]:
    """A flat list of strings, or of the shortest numbers that stand for the same FP32 values."""
    if values.dtype != np.float32:
        return values.ravel().tolist()
    return [json.loads(np.format_float_positional(value, trim="-")) for value in values.ravel()]


def _tensor_text(tensor: dict[str, Any], values_per_line: int) -> str:
    *head, (field, values) = tensor.items()
    lines = ",\n".join(
        "        " + ", ".join(map(_json, values[start : start + values_per_line]))
        for start in range(0, len(values), values_per_line)
    )
    fields = "".join(f"      {_json(name)}: {_json(value)},\n" for name, value in head)
    return f"    {{\n{fields}      {_json(field)}: [\n{lines}\n      ]\n    }}"


def _compact(values: Iterable[Any]) -> str:
    return ",".join(map(_json, values))


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8", newline="\n")
