import threading

import numpy as np
from client_test_case import Callbacks, ClientTestCase, fp32, infer_input, outputs, row
from repository import SLOW_MS
from tritonclient.utils import InferenceServerException


def pair(rows=1):
    numbers = np.arange(rows * 16).reshape(rows, 16)
    return [infer_input("INPUT0", numbers.astype(np.float32)), infer_input("INPUT1", numbers.astype(np.int32))]


class Infer(ClientTestCase):
    def test_an_onnx_model_gives_its_outputs(self):
        image = np.zeros([2, 64], dtype=np.float32)
        result = self.client.infer("digits", [infer_input("image", image)], model_version="1")
        self.assertEqual(result.as_numpy("label").shape, (2, 1))
        self.assertEqual(result.as_numpy("label").dtype, np.int64)
        self.assertTrue(np.allclose(result.as_numpy("probabilities").sum(axis=1), 1, atol=1e-4))
        self.assertIsNone(result.as_numpy("nothing"))

    def test_all_outputs_come_in_the_models_order(self):
        response = self.client.infer("pair", pair()).get_response()
        self.assertEqual([each.name for each in response.outputs], ["OUTPUT0", "OUTPUT1"])
        self.assertEqual(len(response.raw_output_contents), 2)

    def test_only_the_outputs_that_are_asked_for(self):
        result = self.client.infer("pair", pair(rows=3), outputs=outputs("OUTPUT1"))
        self.assertEqual([each.name for each in result.get_response().outputs], ["OUTPUT1"])
        self.assertEqual(result.as_numpy("OUTPUT1").tolist(), np.arange(48).reshape(3, 16).tolist())

    def test_outputs_come_in_the_order_asked_for(self):
        result = self.client.infer("pair", pair(), outputs=outputs("OUTPUT1", "OUTPUT0"))
        self.assertEqual([each.name for each in result.get_response().outputs], ["OUTPUT1", "OUTPUT0"])
        self.assertEqual(result.as_numpy("OUTPUT0").dtype, np.float32)
        self.assertEqual(result.as_numpy("OUTPUT1").dtype, np.int32)

    def test_inputs_may_come_in_any_order(self):
        result = self.client.infer("pair", list(reversed(pair())))
        self.assertEqual(result.as_numpy("OUTPUT1").tolist(), [list(range(16))])

    def test_the_request_id_comes_back(self):
        self.assertEqual(self.client.infer("identity_fp32", row(1), request_id="my-request").get_response().id, "my-request")
        self.assertEqual(self.client.infer("identity_fp32", row(1)).get_response().id, "")

    def test_takes_headers_and_custom_parameters(self):
        parameters = {"text": "a", "flag": True, "number": 7, "ratio": 0.5}
        result = self.client.infer("identity_fp32", row(1), headers={"test": "1", "dummy": "2"}, parameters=parameters)
        self.assertEqual(result.as_numpy("OUTPUT0").tolist(), [[1]])

    def test_inputs_and_outputs_may_be_used_again(self):
        [tensor] = row(1, 2)
        wanted = outputs("OUTPUT0")
        for values in ([[3.0, 4.0]], [[5.0, 6.0]]):
            tensor.set_data_from_numpy(np.array(values, dtype=np.float32))
            self.assertEqual(self.client.infer("identity_fp32", [tensor], outputs=wanted).as_numpy("OUTPUT0").tolist(), values)

    def test_gzip_and_deflate(self):
        array = np.zeros([4, 10_000], dtype=np.float32)
        for algorithm in ("gzip", "deflate"):
            with self.subTest(algorithm):
                result = self.client.infer("identity_fp32", [infer_input("INPUT0", array)], compression_algorithm=algorithm)
                self.assertEqual(result.as_numpy("OUTPUT0").shape, (4, 10_000))

    def test_from_several_threads_of_one_client(self):
        answers = {}

        def ask(number):
            answers[number] = [self.client.infer("identity_fp32", row(number, n)).as_numpy("OUTPUT0").tolist() for n in range(10)]

        threads = [threading.Thread(target=ask, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(answers, {number: [[[number, n]] for n in range(10)] for number in range(8)})


class Scheduling(ClientTestCase):
    def test_takes_priority_and_timeout(self):
        result = self.client.infer("queued", row(1), priority=1, timeout=20_000_000)
        self.assertEqual(result.as_numpy("OUTPUT0").tolist(), [[1]])

    def test_a_priority_beyond_the_last_level(self):
        """As Triton does, such a request takes the default level."""
        self.assertEqual(self.client.infer("queued", row(2), priority=9).as_numpy("OUTPUT0").tolist(), [[2]])

    def test_the_first_level_goes_before_those_who_came_earlier(self):
        done = Callbacks()
        self.occupy("queued", [row(1), row(2), row(3)], done)
        self.client.async_infer("queued", row(9), done, priority=1)
        order = [done.result().as_numpy("OUTPUT0").item() for _ in range(4)]
        # The first of the others may be running before the urgent one comes, or come in the same packet with it: then all of them wait.
        self.assertIn(order, ([1, 9, 2, 3], [9, 1, 2, 3]))

    def test_a_timeout_in_the_queue(self):
        done = Callbacks()
        self.occupy("queued", [row(1), row(2)], done)
        self.refused("DEADLINE_EXCEEDED", "Request timeout expired", self.client.infer, "queued", row(3), timeout=1000)
        for _ in range(2):
            done.result()


class Deadlines(ClientTestCase):
    def test_client_timeout(self):
        with self.assertRaises(InferenceServerException) as caught:
            self.client.infer("slow", fp32([1]), client_timeout=0.2)
        self.assert_late(caught.exception)

    def test_a_client_timeout_that_is_long_enough(self):
        result = self.client.infer("slow", fp32([1]), client_timeout=SLOW_MS / 1000 + 20)
        self.assertEqual(result.as_numpy("OUTPUT0").tolist(), [1])


class AsyncInfer(ClientTestCase):
    def test_the_callback_gets_the_result(self):
        done = Callbacks()
        for number in range(16):
            self.client.async_infer("identity_fp32", row(number), done, request_id=str(number))
        results = [done.result() for _ in range(16)]
        self.assertEqual(
            {each.get_response().id: each.as_numpy("OUTPUT0").item() for each in results},
            {str(number): number for number in range(16)},
        )

    def test_the_callback_gets_the_error(self):
        done = Callbacks()
        self.client.async_infer("wrong_model_name", row(1), done)
        self.assert_error(done.error(), "NOT_FOUND", "Request for unknown model: 'wrong_model_name' is not found")

    def test_cancel(self):
        done = Callbacks()
        call = self.client.async_infer("slow", fp32([1]), done)
        call.cancel()
        self.assert_error(done.error(), "CANCELLED", "Locally cancelled by application!")

    def test_client_timeout(self):
        done = Callbacks()
        self.client.async_infer("slow", fp32([1]), done, client_timeout=0.2)
        self.assert_late(done.error())
