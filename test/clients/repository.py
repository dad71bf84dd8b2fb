"""The models that the tests ask for: Triton's repository layout, written anew for each run."""

from pathlib import Path

DATATYPES = (
    "BOOL",
    "UINT8",
    "UINT16",
    "UINT32",
    "UINT64",
    "INT8",
    "INT16",
    "INT32",
    "INT64",
    "FP16",
    "FP32",
    "FP64",
    "BF16",
    "BYTES",
)

LABELS = ("north", "east", "south", "west")

# Long enough that no client of a busy machine sees an answer before it has left, short enough that nobody waits long for the ones who stay.
SLOW_MS = 2000
QUEUED_MS = 500


def identity_config(datatype, dims="-1", max_batch_size=0, delay_ms=0, more="", output_more=""):
    data_type = f"TYPE_{'STRING' if datatype == 'BYTES' else datatype}"
    return f"""
backend: "identity"
max_batch_size: {max_batch_size}
input [ {{ name: "INPUT0" data_type: {data_type} dims: [ {dims} ] }} ]
output [ {{ name: "OUTPUT0" data_type: {data_type} dims: [ {dims} ] {output_more} }} ]
parameters {{ key: "execute_delay_ms" value {{ string_value: "{delay_ms}" }} }}
{more}
"""


PAIR_CONFIG = """
backend: "identity"
max_batch_size: 8
input [ { name: "INPUT0" data_type: TYPE_FP32 dims: [ 16 ] }, { name: "INPUT1" data_type: TYPE_INT32 dims: [ 16 ] } ]
output [ { name: "OUTPUT0" data_type: TYPE_FP32 dims: [ 16 ] }, { name: "OUTPUT1" data_type: TYPE_INT32 dims: [ 16 ] } ]
"""

QUEUE_CONFIG = """
dynamic_batching {
  priority_levels: 2
  default_priority_level: 2
  default_queue_policy { allow_timeout_override: true }
}
"""

REPEAT_CONFIG = """
backend: "repeat"
model_transaction_policy { decoupled: true }
input [
  { name: "IN" data_type: TYPE_INT32 dims: [ -1 ] },
  { name: "DELAY" data_type: TYPE_UINT32 dims: [ -1 ] },
  { name: "WAIT" data_type: TYPE_UINT32 dims: [ 1 ] }
]
output [ { name: "OUT" data_type: TYPE_INT32 dims: [ 1 ] }, { name: "IDX" data_type: TYPE_UINT32 dims: [ 1 ] } ]
"""


def write_repository(root):
    for datatype in DATATYPES:
        write_model(root, f"identity_{datatype.lower()}", identity_config(datatype, max_batch_size=8))
        write_model(root, f"whole_{datatype.lower()}", identity_config(datatype))
    write_model(root, "pair", PAIR_CONFIG)
    write_model(root, "slow", identity_config("FP32", delay_ms=SLOW_MS, more="instance_group [ { count: 16 kind: KIND_CPU } ]"))
    write_model(root, "queued", identity_config("FP32", max_batch_size=1, delay_ms=QUEUED_MS, more=QUEUE_CONFIG))
    write_model(root, "counted", identity_config("FP32", max_batch_size=4))
    write_model(root, "controlled", identity_config("FP32", max_batch_size=2))
    write_model(root, "repeat_int32", REPEAT_CONFIG)
    labelled = identity_config("FP32", dims="4", max_batch_size=4, output_more='label_filename: "labels.txt"')
    write_model(root, "labelled", labelled, {"labels.txt": "\n".join(LABELS).encode() + b"\n"})
    write_model(root, "scalar", 'backend: "onnxruntime"\n', {"1/model.onnx": identity_onnx(())})


def write_model(root, name, config, files=None):
    directory = Path(root, name)
    Path(directory, "1").mkdir(parents=True)
    Path(directory, "config.pbtxt").write_text(f'name: "{name}"\n{config}')
    for path, content in (files or {}).items():
        Path(directory, path).write_bytes(content)


def identity_onnx(dims):
    """An ONNX model with one Identity node from X to Y, both FP32 of the given fixed dims."""
    shape = b"".join(_field(1, _number(1, dim)) for dim in dims)
    tensor = _field(1, _number(1, 1) + _field(2, shape))
    x = _field(1, b"X") + _field(2, tensor)
    y = _field(1, b"Y") + _field(2, tensor)
    node = _field(1, b"X") + _field(2, b"Y") + _field(4, b"Identity")
    graph = _field(1, node) + _field(2, b"identity") + _field(11, x) + _field(12, y)
    return _number(1, 8) + _field(7, graph) + _field(8, _number(2, 17))


def _number(field, value):
    return _varint(field << 3) + _varint(value)


def _field(field, content):
    return _varint(field << 3 | 2) + _varint(len(content)) + content


def _varint(value):
    encoded = bytearray()
    while value > 0x7F:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    encoded.append(value)
    return bytes(encoded)
