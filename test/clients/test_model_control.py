import json

import numpy as np
from client_test_case import ClientTestCase, infer_input, row
from repository import identity_onnx

OVERRIDE = {
    "backend": "identity",
    "max_batch_size": 6,
    "input": [{"name": "INPUT0", "data_type": "TYPE_FP32", "dims": [-1]}],
    "output": [{"name": "OUTPUT0", "data_type": "TYPE_FP32", "dims": [-1]}],
}


class ModelControl(ClientTestCase):
    def state_of(self, model):
        return {each.version: each.state for each in self.client.get_model_repository_index().models if each.name == model}

    def setUp(self):
        super().setUp()
        self.addCleanup(self.client.load_model, "controlled")

    def test_the_index_names_every_model(self):
        index = self.client.get_model_repository_index()
        self.assertLessEqual({"controlled", "digits", "pair"}, {model.name for model in index.models})
        self.assertEqual(self.state_of("digits"), {"1": "READY"})
        self.assertEqual(self.state_of("iris"), {"1": "READY", "2": "READY"})

    def test_the_index_comes_as_json_too(self):
        models = self.client.get_model_repository_index(as_json=True)["models"]
        self.assertIn({"name": "digits", "version": "1", "state": "READY"}, models)

    def test_unload_and_load(self):
        self.client.unload_model("controlled")
        self.assertFalse(self.client.is_model_ready("controlled"))
        self.assertEqual(set(self.state_of("controlled").values()), {"UNAVAILABLE"})
        self.refused("NOT_FOUND", "has no available versions", self.client.infer, "controlled", row(1))
        self.client.load_model("controlled")
        self.assertTrue(self.client.is_model_ready("controlled"))
        self.assertEqual(self.client.infer("controlled", row(1)).as_numpy("OUTPUT0").item(), 1)

    def test_unloading_what_a_model_depends_on_is_asked_for_in_vain(self):
        self.client.unload_model("controlled", unload_dependents=True)
        self.assertFalse(self.client.is_model_ready("controlled"))

    def test_a_model_that_is_not_there(self):
        text = "failed to load 'wrong_model_name', failed to poll from model repository"
        self.refused("INTERNAL", text, self.client.load_model, "wrong_model_name")

    def test_a_name_that_leads_out_of_the_repository(self):
        self.refused("INVALID_ARGUMENT", "invalid model name", self.client.load_model, "../models")


class Overrides(ClientTestCase):
    def max_batch_size(self, model):
        return self.client.get_model_config(model).config.max_batch_size

    def test_a_configuration_until_the_next_load(self):
        self.addCleanup(self.client.load_model, "controlled")
        self.assertEqual(self.max_batch_size("controlled"), 2)
        self.client.load_model("controlled", config=json.dumps(OVERRIDE))
        self.assertEqual(self.max_batch_size("controlled"), 6)
        self.client.load_model("controlled")
        self.assertEqual(self.max_batch_size("controlled"), 2)

    def test_a_configuration_that_is_no_json(self):
        self.refused("INVALID_ARGUMENT", "load failed for model 'controlled'", self.client.load_model, "controlled", config="{")
        self.assertTrue(self.client.is_model_ready("controlled"))

    def test_a_configuration_that_cannot_be_loaded_leaves_the_model_as_it_was(self):
        config = json.dumps({**OVERRIDE, "backend": "nonexistent"})
        self.refused("INVALID_ARGUMENT", "load failed for model 'controlled'", self.client.load_model, "controlled", config=config)
        self.assertTrue(self.client.is_model_ready("controlled"))
        self.assertEqual(self.max_batch_size("controlled"), 2)

    def test_files_and_configuration_make_a_model(self):
        self.addCleanup(self.client.unload_model, "uploaded")
        config = json.dumps({"backend": "onnxruntime"})
        self.client.load_model("uploaded", config=config, files={"file:1/model.onnx": identity_onnx([3])})
        self.assertTrue(self.client.is_model_ready("uploaded", "1"))
        result = self.client.infer("uploaded", [infer_input("X", np.array([1, 2, 3], dtype=np.float32))])
        self.assertEqual(result.as_numpy("Y").tolist(), [1, 2, 3])

    def test_files_without_a_configuration(self):
        files = {"file:1/model.onnx": identity_onnx([3])}
        text = "load parameter 'config' must be specified for model file override"
        self.refused("INVALID_ARGUMENT", text, self.client.load_model, "controlled", files=files)

    def test_a_file_outside_its_version(self):
        files = {"file:../model.onnx": identity_onnx([3])}
        config = json.dumps({"backend": "onnxruntime"})
        text = "must stay within model directory"
        self.refused("INVALID_ARGUMENT", text, self.client.load_model, "controlled", config=config, files=files)
        self.assertTrue(self.client.is_model_ready("controlled"))
