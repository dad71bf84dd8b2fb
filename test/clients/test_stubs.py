"""The stubs without the client around them, as Triton's examples use them: typed contents, and messages of one's own."""

import struct

import grpc
from client_test_case import ClientTestCase
from tritonclient.grpc import service_pb2, service_pb2_grpc


def request(model, contents=None, datatype="INT32", raw=None, shape=(1, 3)):
    message = service_pb2.ModelInferRequest(model_name=model, model_version="1", id="my-request")
    tensor = message.inputs.add(name="INPUT0", datatype=datatype, shape=shape)
    if contents is not None:
        field, values = contents
        getattr(tensor.contents, field).extend(values)
    if raw is not None:
        message.raw_input_contents.append(raw)
    message.outputs.add(name="OUTPUT0")
    return message


class Stubs(ClientTestCase):
    def setUp(self):
        channel = grpc.insecure_channel(self.url)
        self.addCleanup(channel.close)
        self.stub = service_pb2_grpc.GRPCInferenceServiceStub(channel)

    def test_health_and_metadata(self):
        self.assertTrue(self.stub.ServerLive(service_pb2.ServerLiveRequest()).live)
        self.assertTrue(self.stub.ServerReady(service_pb2.ServerReadyRequest()).ready)
        self.assertTrue(self.stub.ModelReady(service_pb2.ModelReadyRequest(name="digits", version="1")).ready)
        self.assertEqual(self.stub.ModelMetadata(service_pb2.ModelMetadataRequest(name="digits")).name, "digits")
        self.assertEqual(self.stub.ModelConfig(service_pb2.ModelConfigRequest(name="digits")).config.name, "digits")

    def test_raw_contents(self):
        response = self.stub.ModelInfer(request("identity_int32", raw=struct.pack("<3i", 1, -2, 3)))
        self.assertEqual((response.model_name, response.model_version, response.id), ("identity_int32", "1", "my-request"))
        self.assertEqual(struct.unpack("<3i", response.raw_output_contents[0]), (1, -2, 3))

    def test_typed_contents_are_answered_raw(self):
        cases = {
            "BOOL": ("bool_contents", [True, False, True], "<3?"),
            "INT8": ("int_contents", [1, -2, 3], "<3b"),
            "INT16": ("int_contents", [1, -2, 3], "<3h"),
            "INT32": ("int_contents", [1, -2, 3], "<3i"),
            "INT64": ("int64_contents", [1, -2, 2**62], "<3q"),
            "UINT8": ("uint_contents", [1, 2, 255], "<3B"),
            "UINT16": ("uint_contents", [1, 2, 65535], "<3H"),
            "UINT32": ("uint_contents", [1, 2, 2**32 - 1], "<3I"),
            "UINT64": ("uint64_contents", [1, 2, 2**64 - 1], "<3Q"),
            "FP32": ("fp32_contents", [1, -2, 0.5], "<3f"),
            "FP64": ("fp64_contents", [1, -2, 0.5], "<3d"),
        }
        for datatype, (field, values, layout) in cases.items():
            with self.subTest(datatype):
                response = self.stub.ModelInfer(request(f"identity_{datatype.lower()}", (field, values), datatype))
                self.assertEqual(struct.unpack(layout, response.raw_output_contents[0]), tuple(values))
                self.assertFalse(response.outputs[0].HasField("contents"))

    def test_typed_strings(self):
        response = self.stub.ModelInfer(request("identity_bytes", ("bytes_contents", [b"a", b"", b"\xff"]), "BYTES"))
        self.assertEqual(response.raw_output_contents[0], b"\x01\0\0\0a\0\0\0\0\x01\0\0\0\xff")

    def test_typed_and_raw_contents_in_one_request(self):
        message = request("identity_int32", ("int_contents", [1, 2, 3]), raw=struct.pack("<3i", 1, 2, 3))
        with self.assertRaises(grpc.RpcError) as caught:
            self.stub.ModelInfer(message)
        self.assertEqual(caught.exception.code(), grpc.StatusCode.INVALID_ARGUMENT)

    def test_a_stream(self):
        messages = [request("identity_int32", raw=struct.pack("<3i", number, 0, 0)) for number in range(4)]
        answers = list(self.stub.ModelStreamInfer(iter(messages)))
        self.assertEqual([answer.error_message for answer in answers], [""] * 4)
        raw = [answer.infer_response.raw_output_contents[0] for answer in answers]
        self.assertEqual([struct.unpack("<3i", each)[0] for each in raw], [0, 1, 2, 3])
