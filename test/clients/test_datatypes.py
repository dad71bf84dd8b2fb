import ml_dtypes
import numpy as np
import tritonclient.grpc as grpcclient
from client_test_case import ClientTestCase, fp32, infer_input
from repository import DATATYPES
from tritonclient.utils import np_to_triton_dtype, triton_to_np_dtype

UNSIGNED = {"UINT8": np.uint8, "UINT16": np.uint16, "UINT32": np.uint32, "UINT64": np.uint64}
SIGNED = {"INT8": np.int8, "INT16": np.int16, "INT32": np.int32, "INT64": np.int64}
FLOATS = {"FP16": np.float16, "FP32": np.float32, "FP64": np.float64, "BF16": ml_dtypes.bfloat16}


def samples(datatype):
    """Six values of the datatype, its bounds among them."""
    if datatype == "BOOL":
        return np.array([True, False, False, True, True, False])
    if datatype in UNSIGNED or datatype in SIGNED:
        numpy_type = {**UNSIGNED, **SIGNED}[datatype]
        bounds = np.iinfo(numpy_type)
        return np.array([bounds.min, bounds.max, 0, 1, 2, 100], dtype=numpy_type)
    if datatype in FLOATS:
        return np.array([0.0, -0.0, 1.5, -2.25, np.inf, -np.inf], dtype=FLOATS[datatype])
    return np.array([b"", b"text", "\u00e4\u6f22\U0001f600".encode(), b"\xff\xfe\x00", b"\x00" * 3, b"x" * 300], dtype=np.object_)


class EveryDatatype(ClientTestCase):
    def carried(self, model, array):
        result = self.client.infer(model, [infer_input("INPUT0", array)])
        back = result.as_numpy("OUTPUT0")
        self.assertEqual(back.shape, array.shape)
        if array.dtype == np.object_:
            self.assertEqual([bytes(each) for each in back.flat], [bytes(each) for each in array.flat])
        else:
            self.assertEqual(back.dtype, array.dtype)
            self.assertEqual(back.tobytes(), array.tobytes())
        return result

    def test_the_names_of_numpy_types_are_the_protocols(self):
        for datatype in DATATYPES:
            with self.subTest(datatype):
                self.assertEqual(np_to_triton_dtype(np.dtype(triton_to_np_dtype(datatype))), datatype)


def rows_test(datatype):
    def test(self):
        result = self.carried(f"identity_{datatype.lower()}", samples(datatype).reshape(2, 3))
        self.assertEqual(result.get_output("OUTPUT0").datatype, datatype)
        self.assertEqual(result.get_response().model_version, "1")

    return test


def empty_test(datatype):
    def test(self):
        self.carried(f"identity_{datatype.lower()}", samples(datatype)[:0].reshape(2, 0))
        self.carried(f"whole_{datatype.lower()}", samples(datatype)[:0])

    return test


for each in DATATYPES:
    setattr(EveryDatatype, f"test_{each}_rows_come_back_bit_for_bit", rows_test(each))
    setattr(EveryDatatype, f"test_{each}_tensors_without_elements", empty_test(each))


class Shapes(ClientTestCase):
    def test_a_scalar(self):
        result = self.client.infer("scalar", [infer_input("X", np.array(2.5, dtype=np.float32))])
        self.assertEqual(result.as_numpy("Y").shape, ())
        self.assertEqual(result.as_numpy("Y").item(), 2.5)

    def test_a_wrong_shape_names_both(self):
        inputs = [infer_input("INPUT0", np.zeros([1, 8], np.float32)), infer_input("INPUT1", np.zeros([1, 16], np.int32))]
        self.refused("INVALID_ARGUMENT", "unexpected shape for input 'INPUT0' for model 'pair'", self.client.infer, "pair", inputs)

    def test_four_megabytes(self):
        array = np.arange(1 << 20, dtype=np.float32)
        back = self.client.infer("whole_fp32", [infer_input("INPUT0", array)]).as_numpy("OUTPUT0")
        self.assertTrue(np.array_equal(back, array))


class Strings(ClientTestCase):
    def test_str_objects_are_sent_as_utf_8(self):
        array = np.array([["one", "z\u00fcrich"]], dtype=np.object_)
        back = self.client.infer("identity_bytes", [infer_input("INPUT0", array)]).as_numpy("OUTPUT0")
        self.assertEqual(back.tolist(), [[b"one", "z\u00fcrich".encode()]])

    def test_fixed_width_bytes_arrays(self):
        array = np.array([[b"12", b"345"]])
        back = self.client.infer("identity_bytes", [infer_input("INPUT0", array)]).as_numpy("OUTPUT0")
        self.assertEqual(back.tolist(), [[b"12", b"345"]])

    def test_too_few_elements(self):
        tensor = grpcclient.InferInput("INPUT0", [2, 1], "BYTES")
        tensor.set_data_from_numpy(np.array([[b"a"], [b"b"]], dtype=np.object_))
        tensor.set_shape([3, 1])
        text = "expected 3 string elements for inference input 'INPUT0' for model 'identity_bytes', got 2"
        self.refused("INVALID_ARGUMENT", text, self.client.infer, "identity_bytes", [tensor])

    def test_another_byte_size_than_the_shape_says(self):
        [tensor] = fp32([1, 2])
        tensor.set_shape([3])
        text = "input byte size mismatch for input 'INPUT0' for model 'whole_fp32'. Expected 12, got 8"
        self.refused("INVALID_ARGUMENT", text, self.client.infer, "whole_fp32", [tensor])
