import numpy as np
import tritonclient.grpc as grpcclient
from client_test_case import ClientTestCase, fp32, infer_input, outputs, row


class Errors(ClientTestCase):
    def infer_refused(self, text, model, inputs, status="INVALID_ARGUMENT", **options):
        self.refused(status, text, self.client.infer, model, inputs, **options)

    def test_unknown_model(self):
        self.infer_refused("Request for unknown model: 'missing' is not found", "missing", row(1), status="NOT_FOUND")

    def test_unknown_version(self):
        text = "Request for unknown model: 'pair' version 9 is not found"
        self.infer_refused(text, "pair", row(1), status="NOT_FOUND", model_version="9")

    def test_malformed_version(self):
        self.infer_refused("failed to get model version from specified version string", "pair", row(1), model_version="-3")

    def test_wrong_datatype(self):
        inputs = [infer_input("INPUT0", np.zeros([1, 16], np.int32)), infer_input("INPUT1", np.zeros([1, 16], np.int32))]
        self.infer_refused("inference input 'INPUT0' data-type is 'INT32', but model 'pair' expects 'FP32'", "pair", inputs)

    def test_missing_input(self):
        inputs = [infer_input("INPUT0", np.zeros([1, 16], np.float32))]
        self.infer_refused("expected 2 inputs but got 1 inputs for model 'pair'", "pair", inputs)

    def test_unknown_input(self):
        inputs = [infer_input("WRONG", np.zeros([1, 16], np.float32)), infer_input("INPUT1", np.zeros([1, 16], np.int32))]
        self.infer_refused("unexpected inference input 'WRONG' for model 'pair'", "pair", inputs)

    def test_duplicate_input(self):
        twice = [infer_input("INPUT0", np.zeros([1, 16], np.float32)) for _ in range(2)]
        self.infer_refused("input 'INPUT0' already exists in request", "pair", twice)

    def test_unknown_output(self):
        text = "unexpected inference output 'WRONG' for model 'identity_fp32'"
        self.infer_refused(text, "identity_fp32", row(1), outputs=outputs("WRONG"))

    def test_too_many_rows(self):
        text = "inference request batch-size must be <= 8 for 'identity_fp32'"
        self.infer_refused(text, "identity_fp32", fp32([[n] for n in range(9)]))

    def test_different_numbers_of_rows(self):
        inputs = [infer_input("INPUT0", np.zeros([1, 16], np.float32)), infer_input("INPUT1", np.zeros([2, 16], np.int32))]
        self.infer_refused("batch size does not match other inputs for 'pair'", "pair", inputs)

    def test_a_decoupled_model_outside_a_stream(self):
        inputs = [
            infer_input("IN", np.zeros([1], np.int32)),
            infer_input("DELAY", np.zeros([1], np.uint32)),
            infer_input("WAIT", np.zeros([1], np.uint32)),
        ]
        text = "ModelInfer RPC doesn't support models with decoupled transaction policy"
        self.infer_refused(text, "repeat_int32", inputs, status="UNIMPLEMENTED")

    def test_no_data_at_all(self):
        text = "unable to find data for input tensor 'INPUT0' for model 'identity_fp32'"
        self.infer_refused(text, "identity_fp32", [grpcclient.InferInput("INPUT0", [1, 1], "FP32")])
