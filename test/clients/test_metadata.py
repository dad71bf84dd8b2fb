from client_test_case import ClientTestCase
from tritonclient.grpc import model_config_pb2

EXTENSIONS = {
    "binary_tensor_data",
    "classification",
    "logging",
    "model_configuration",
    "model_repository",
    "parameters",
    "schedule_policy",
    "statistics",
    "system_shared_memory",
    "trace",
}


class ServerMetadata(ClientTestCase):
    def test_names_the_server_its_version_and_what_it_can(self):
        metadata = self.client.get_server_metadata()
        self.assertEqual(metadata.name, "millrace")
        self.assertRegex(metadata.version, r"^\d+\.\d+\.\d+")
        self.assertEqual(EXTENSIONS - set(metadata.extensions), set())
        self.assertNotIn("cuda_shared_memory", metadata.extensions)

    def test_comes_as_json_too(self):
        metadata = self.client.get_server_metadata(headers={"test": "1", "dummy": "2"}, as_json=True)
        self.assertEqual(metadata["name"], "millrace")
        self.assertIn("statistics", metadata["extensions"])


class ModelMetadata(ClientTestCase):
    def test_tells_the_signature_with_the_batch_axis(self):
        metadata = self.client.get_model_metadata("digits", headers={"test": "1"})
        self.assertEqual((metadata.name, list(metadata.versions), metadata.platform), ("digits", ["1"], "onnxruntime_onnx"))
        [image] = metadata.inputs
        self.assertEqual((image.name, image.datatype, list(image.shape)), ("image", "FP32", [-1, 64]))
        self.assertEqual(
            [(output.name, output.datatype, list(output.shape)) for output in metadata.outputs],
            [("label", "INT64", [-1, 1]), ("probabilities", "FP32", [-1, 10])],
        )

    def test_comes_as_json_too_with_int64_as_strings(self):
        metadata = self.client.get_model_metadata("pair", as_json=True)
        self.assertEqual(metadata["inputs"][0], {"name": "INPUT0", "datatype": "FP32", "shape": ["-1", "16"]})

    def test_of_one_version(self):
        self.assertEqual(list(self.client.get_model_metadata("iris", "1").versions), ["1", "2"])

    def test_has_no_batch_axis_where_the_model_takes_one_request_at_a_time(self):
        metadata = self.client.get_model_metadata("repeat_int32")
        self.assertEqual([list(each.shape) for each in metadata.inputs], [[-1], [-1], [1]])

    def test_of_an_unknown_model(self):
        text = "Request for unknown model: 'wrong_model_name' is not found"
        self.refused("NOT_FOUND", text, self.client.get_model_metadata, "wrong_model_name")


class ModelConfig(ClientTestCase):
    def test_tells_batching_and_tensors(self):
        config = self.client.get_model_config("digits").config
        self.assertEqual((config.name, config.backend, config.max_batch_size), ("digits", "onnxruntime", 64))
        self.assertEqual((config.input[0].name, list(config.input[0].dims)), ("image", [64]))
        self.assertEqual(config.input[0].data_type, model_config_pb2.DataType.TYPE_FP32)
        self.assertTrue(config.HasField("dynamic_batching"))
        self.assertFalse(config.model_transaction_policy.decoupled)

    def test_comes_as_json_too(self):
        config = self.client.get_model_config("queued", as_json=True)["config"]
        self.assertEqual(config["dynamic_batching"]["priority_levels"], "2")
        self.assertTrue(config["dynamic_batching"]["default_queue_policy"]["allow_timeout_override"])
        self.assertEqual(config["parameters"]["execute_delay_ms"], {"string_value": "500"})

    def test_says_that_a_model_is_decoupled(self):
        self.assertTrue(self.client.get_model_config("repeat_int32").config.model_transaction_policy.decoupled)

    def test_of_an_unknown_version(self):
        text = "Request for unknown model: 'digits' version 9 is not found"
        self.refused("NOT_FOUND", text, self.client.get_model_config, "digits", "9")
