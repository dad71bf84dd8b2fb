"""What the tests share: a client, tensors, and how to wait for callbacks."""

import os
import queue
import unittest

import numpy as np
import tritonclient.grpc as grpcclient
from tritonclient.utils import InferenceServerException, np_to_triton_dtype

# Nothing here takes that long; without it a lost answer would hang the run.
WAIT_S = 30


class ClientTestCase(unittest.TestCase):
    @property
    def url(self):
        return os.environ["MILLRACE_TEST_ADDRESS"]

    def setUp(self):
        self.client = self.connect()

    def connect(self, **options):
        client = grpcclient.InferenceServerClient(url=self.url, **options)
        self.addCleanup(client.close)
        return client

    def occupy(self, model, inputs, done):
        """Sends `inputs` before whatever this client sends next; calls that wait for a connection would leave in any order."""
        self.assertTrue(self.client.is_server_ready())
        for each in inputs:
            self.client.async_infer(model, each, done)

    def refused(self, status, text, call, *arguments, **options):
        """The call must raise InferenceServerException with this status and these words in its message."""
        with self.assertRaises(InferenceServerException) as caught:
            call(*arguments, **options)
        self.assert_error(caught.exception, status, text)

    def assert_error(self, error, status, text):
        """`status` None: of a stream's message, which has none."""
        self.assertIsInstance(error, InferenceServerException)
        self.assertEqual(error.status(), status if status is None else f"StatusCode.{status}", error.message())
        self.assertIn(text, error.message())

    def assert_late(self, error):
        """Past its deadline: said by this side or by the server, whoever notices first, and each in words of its own."""
        self.assertIsInstance(error, InferenceServerException)
        self.assertEqual(error.status(), "StatusCode.DEADLINE_EXCEEDED", error.message())
        self.assertIn("deadline exceeded", error.message().lower())


class Callbacks:
    """What a client's callbacks bring, in their order."""

    def __init__(self):
        self._arrived = queue.Queue()

    def __call__(self, result, error):
        self._arrived.put((result, error))

    def next(self):
        return self._arrived.get(timeout=WAIT_S)

    def result(self):
        result, error = self.next()
        if error is not None:
            raise error
        return result

    def error(self):
        result, error = self.next()
        if error is None:
            raise AssertionError(f"expected an error, got {result.get_response()}")
        return error

    def empty(self):
        return self._arrived.empty()


def infer_input(name, array):
    tensor = grpcclient.InferInput(name, list(array.shape), np_to_triton_dtype(array.dtype))
    tensor.set_data_from_numpy(array)
    return tensor


def fp32(values):
    """INPUT0 of an unbatched identity model."""
    return [infer_input("INPUT0", np.array(values, dtype=np.float32))]


def row(*values):
    """INPUT0 of a batched identity model: one row."""
    return fp32([list(values)])


def outputs(*names):
    return [grpcclient.InferRequestedOutput(name) for name in names]
