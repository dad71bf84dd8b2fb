import numpy as np
from client_test_case import Callbacks, ClientTestCase, fp32, infer_input, row


def repeat(values, delays_ms=None, wait_ms=0):
    delays = [0] * len(values) if delays_ms is None else delays_ms
    return [
        infer_input("IN", np.array(values, dtype=np.int32)),
        infer_input("DELAY", np.array(delays, dtype=np.uint32)),
        infer_input("WAIT", np.array([wait_ms], dtype=np.uint32)),
    ]


def is_final(result):
    return result.get_response().parameters["triton_final_response"].bool_param


class StreamTestCase(ClientTestCase):
    def start(self, **options):
        arrived = Callbacks()
        self.client.start_stream(callback=arrived, **options)
        self.addCleanup(self.client.stop_stream, cancel_requests=True)
        return arrived


class OrdinaryStream(StreamTestCase):
    def test_answers_come_in_the_order_of_the_requests(self):
        arrived = self.start()
        for number in range(20):
            self.client.async_stream_infer("identity_fp32", row(number), request_id=str(number))
        results = [arrived.result() for _ in range(20)]
        self.assertEqual([each.get_response().id for each in results], [str(number) for number in range(20)])
        self.assertEqual([each.as_numpy("OUTPUT0").item() for each in results], list(range(20)))
        self.assertTrue(all(is_final(each) for each in results))

    def test_stopping_waits_for_what_is_under_way(self):
        arrived = self.start(headers={"test": "1"}, compression_algorithm="gzip")
        for number in range(5):
            self.client.async_stream_infer("counted", row(number))
        self.client.stop_stream()
        self.assertEqual([arrived.result().as_numpy("OUTPUT0").item() for _ in range(5)], list(range(5)))
        self.assertTrue(arrived.empty())

    def test_another_stream_may_follow(self):
        for number in range(2):
            arrived = self.start()
            self.client.async_stream_infer("identity_fp32", row(number))
            self.assertEqual(arrived.result().as_numpy("OUTPUT0").item(), number)
            self.client.stop_stream()

    def test_an_error_is_in_band_and_the_stream_goes_on(self):
        arrived = self.start()
        self.client.async_stream_infer("wrong_model_name", row(1), request_id="bad")
        self.client.async_stream_infer("identity_fp32", row(2), request_id="good")
        answers = [arrived.next(), arrived.next()]
        [error] = [error for _, error in answers if error is not None]
        [result] = [result for result, _ in answers if result is not None]
        self.assert_error(error, None, "Request for unknown model: 'wrong_model_name' is not found")
        self.assertEqual(result.get_response().id, "good")

    def test_triton_grpc_error_ends_the_stream_with_a_status(self):
        arrived = self.start(headers={"triton_grpc_error": "true"})
        self.client.async_stream_infer("wrong_model_name", row(1))
        self.assert_error(arrived.error(), "NOT_FOUND", "Request for unknown model: 'wrong_model_name' is not found")

    def test_stopping_may_cancel(self):
        arrived = self.start()
        self.client.async_stream_infer("slow", fp32([1]))
        self.client.stop_stream(cancel_requests=True)
        self.assert_error(arrived.error(), "CANCELLED", "Locally cancelled by application!")

    def test_stream_timeout(self):
        arrived = self.start(stream_timeout=0.2)
        self.client.async_stream_infer("slow", fp32([1]))
        self.assert_late(arrived.error())


class DecoupledStream(StreamTestCase):
    def test_one_response_for_each_element(self):
        arrived = self.start()
        self.client.async_stream_infer("repeat_int32", repeat([4, 2, 0, 1]), request_id="r")
        results = [arrived.result() for _ in range(4)]
        self.assertEqual([each.as_numpy("OUT").tolist() for each in results], [[4], [2], [0], [1]])
        self.assertEqual([each.as_numpy("IDX").tolist() for each in results], [[0], [1], [2], [3]])
        self.assertEqual({each.get_response().id for each in results}, {"r"})
        self.client.stop_stream()
        self.assertTrue(arrived.empty())

    def test_the_empty_final_response_on_request(self):
        arrived = self.start()
        self.client.async_stream_infer("repeat_int32", repeat([7, 8], [1, 1]), request_id="r", enable_empty_final_response=True)
        results = [arrived.result() for _ in range(3)]
        self.assertEqual([is_final(each) for each in results], [False, False, True])
        last = results[-1].get_response()
        self.assertEqual((last.id, last.model_name, last.model_version, len(last.outputs)), ("r", "repeat_int32", "1", 0))

    def test_no_elements_make_no_response_but_the_final_one(self):
        arrived = self.start()
        self.client.async_stream_infer("repeat_int32", repeat([]), enable_empty_final_response=True)
        self.assertTrue(is_final(arrived.result()))
        self.client.async_stream_infer("repeat_int32", repeat([]))
        self.client.stop_stream()
        self.assertTrue(arrived.empty())

    def test_requests_do_not_wait_for_each_other(self):
        arrived = self.start()
        self.client.async_stream_infer("repeat_int32", repeat([1], [1000]), request_id="late")
        self.client.async_stream_infer("identity_fp32", row(2), request_id="early")
        self.assertEqual([arrived.result().get_response().id for _ in range(2)], ["early", "late"])

    def test_cancelled_between_its_responses(self):
        arrived = self.start()
        self.client.async_stream_infer("repeat_int32", repeat([1, 2], [0, 20_000]))
        self.assertEqual(arrived.result().as_numpy("OUT").tolist(), [1])
        self.client.stop_stream(cancel_requests=True)
        self.assert_error(arrived.error(), "CANCELLED", "Locally cancelled by application!")
