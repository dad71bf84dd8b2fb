"""The server that one would write by hand in Python: grpc.aio and ONNX Runtime, with batches of what came within a delay.

Arguments: a model repository, then the models to serve, of one FP32 input "input" and one FP32 output "output".
Needs infer_pb2 (of proto/inference/infer.proto) on its path. Prints the port that it got.
"""
import asyncio
import concurrent.futures
import pathlib
import sys

import grpc
import numpy
import onnxruntime
from inference import infer_pb2

MAX_BATCH_SIZE = 32
DELAY_SECONDS = 0.002
METHOD = "ModelInfer"
SERVICE = "inference.GRPCInferenceService"


def open_session(file):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])


class Batcher:
    """Runs a model on what came until there were enough rows or the first had waited long enough."""

    def __init__(self, session, pool):
        self.session = session
        self.pool = pool
        self.waiting = []
        self.rows = 0
        self.timer = None

    async def infer(self, values):
        loop = asyncio.get_running_loop()
        answer = loop.create_future()
        self.waiting.append((values, answer))
        self.rows += len(values)
        if self.rows >= MAX_BATCH_SIZE:
            self.close()
        elif self.timer is None:
            self.timer = loop.call_later(DELAY_SECONDS, self.close)
        return await answer

    def close(self):
        if self.timer is not None:
            self.timer.cancel()
        batch, self.waiting, self.rows, self.timer = self.waiting, [], 0, None
        running = asyncio.ensure_future(self.run(batch))
        running.add_done_callback(lambda _: None)

    async def run(self, batch):
        try:
            values = numpy.concatenate([values for values, _ in batch])
            loop = asyncio.get_running_loop()
            (output,) = await loop.run_in_executor(self.pool, self.session.run, None, {"input": values})
        except Exception as error:
            for _, answer in batch:
                answer.set_exception(error)
            return
        start = 0
        for values, answer in batch:
            answer.set_result(output[start : start + len(values)])
            start += len(values)


def create_handler(models):
    async def infer(request, context):
        model = models.get(request.model_name)
        if model is None:
            await context.abort(grpc.StatusCode.NOT_FOUND, "unknown model")
        values = numpy.frombuffer(request.raw_input_contents[0], numpy.float32).reshape(request.inputs[0].shape)
        output = await model.infer(values)
        response = infer_pb2.ModelInferResponse(model_name=request.model_name, model_version="1", id=request.id)
        response.outputs.add(name="output", datatype="FP32", shape=output.shape)
        response.raw_output_contents.append(output.tobytes())
        return response

    method = grpc.unary_unary_rpc_method_handler(
        infer,
        request_deserializer=infer_pb2.ModelInferRequest.FromString,
        response_serializer=infer_pb2.ModelInferResponse.SerializeToString,
    )
    return grpc.method_handlers_generic_handler(SERVICE, {METHOD: method})


async def main(repository, *names):
    pool = concurrent.futures.ThreadPoolExecutor(2)
    models = {name: Batcher(open_session(pathlib.Path(repository, name, "1", "model.onnx")), pool) for name in names}
    server = grpc.aio.server(options=[("grpc.max_receive_message_length", 64 << 20)])
    server.add_generic_rpc_handlers((create_handler(models),))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    print(f"listening on 127.0.0.1:{port}", flush=True)
    await server.wait_for_termination()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
