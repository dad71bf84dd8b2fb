"""The calls of write-cases.ts by grpcio, then tritonclient. Arguments: file of the calls, address, and for TLS the file of the authority."""

import base64
import json
import pathlib
import queue
import sys

import grpc
import numpy
import tritonclient.grpc as triton

LIMIT_S = 10


def run(channel, wanted, compression):
    """Makes one call; every kind is a bidirectional one on the wire. Returns its answers and the number of its status."""
    method = channel.stream_stream(wanted["path"], request_serializer=None, response_deserializer=None)
    requests = [base64.b64decode(text) for text in wanted["requests"]]
    call = method(iter(requests), timeout=LIMIT_S, compression=compression)
    answers = []
    try:
        for answer in call:
            answers.append(answer)
            if len(answers) == wanted.get("take"):
                call.cancel()
    except grpc.RpcError:
        pass
    return answers, call.code().value[0]


def check(channel, wanted, compression, suffix):
    answers, status = run(channel, wanted, compression)
    contains = base64.b64decode(wanted["contains"])
    right = status == wanted["status"] and len(answers) == wanted["answers"] and all(contains in answer for answer in answers)
    print("ok" if right else "FAILED", f"{wanted['name']}{suffix}: status {status}, {len(answers)} answers")
    return right


def triton_input():
    values = numpy.arange(8, dtype=numpy.float32).reshape(1, 8)
    tensor = triton.InferInput("INPUT0", values.shape, "FP32")
    tensor.set_data_from_numpy(values)
    return values, tensor


def tritonclient_infer(client):
    values, tensor = triton_input()
    return numpy.array_equal(client.infer("identity", [tensor]).as_numpy("OUTPUT0"), values)


def tritonclient_stream(client):
    values, tensor = triton_input()
    results = queue.Queue()
    client.start_stream(callback=lambda result, error: results.put((result, error)))
    for _ in range(3):
        client.async_stream_infer("identity", [tensor])
    got = [results.get(timeout=LIMIT_S) for _ in range(3)]
    client.stop_stream()
    return all(error is None and numpy.array_equal(result.as_numpy("OUTPUT0"), values) for result, error in got)


def tritonclient_checks(address, ca):
    client = triton.InferenceServerClient(address, ssl=ca is not None, root_certificates=ca)
    checks = {"infer": tritonclient_infer, "stream": tritonclient_stream, "live": lambda c: c.is_server_live()}
    for name, passes in checks.items():
        right = passes(client)
        print("ok" if right else "FAILED", f"tritonclient {name}")
        yield right
    client.close()


def main():
    file, address = sys.argv[1:3]
    ca = sys.argv[3] if len(sys.argv) > 3 else None
    cases = json.loads(pathlib.Path(file).read_text(encoding="utf-8"))
    options = [("grpc.max_receive_message_length", -1)]
    if ca is None:
        channel = grpc.insecure_channel(address, options)
    else:
        channel = grpc.secure_channel(address, grpc.ssl_channel_credentials(pathlib.Path(ca).read_bytes()), options)
    right = []
    with channel:
        for wanted in cases:
            right.append(check(channel, wanted, None, ""))
            right.append(check(channel, wanted, grpc.Compression.Gzip, ", gzip"))
    right.extend(tritonclient_checks(address, ca))
    sys.exit(0 if all(right) else 1)


main()
