from client_test_case import Callbacks, ClientTestCase, fp32, row
from test_stream import repeat


class Statistics(ClientTestCase):
    def of(self, model):
        [statistics] = self.client.get_inference_statistics(model).model_stats
        return statistics

    def test_count_requests_rows_and_executions(self):
        before = self.of("counted")
        for number in range(5):
            self.client.infer("counted", fp32([[number], [number], [number]]))
        after = self.of("counted")
        self.assertEqual(after.inference_count - before.inference_count, 15)
        self.assertEqual(after.execution_count - before.execution_count, 5)
        for part in ("success", "queue", "compute_input", "compute_infer", "compute_output"):
            with self.subTest(part):
                spent, start = (getattr(each.inference_stats, part) for each in (after, before))
                self.assertEqual(spent.count - start.count, 5)
        rows_of_three = [batch for batch in after.batch_stats if batch.batch_size == 3]
        self.assertEqual([batch.compute_infer.count for batch in rows_of_three], [5])
        self.assertGreater(after.last_inference, 0)

    def test_count_failures(self):
        before = self.of("queued").inference_stats.fail.count
        done = Callbacks()
        self.occupy("queued", [row(1), row(2)], done)
        self.refused("DEADLINE_EXCEEDED", "", self.client.infer, "queued", row(3), timeout=1000)
        self.assertEqual(self.of("queued").inference_stats.fail.count - before, 1)
        for _ in range(2):
            done.result()

    def test_come_as_json_too(self):
        [statistics] = self.client.get_inference_statistics("digits", "1", as_json=True)["model_stats"]
        self.assertEqual((statistics["name"], statistics["version"]), ("digits", "1"))
        self.assertIn("inference_stats", statistics)

    def test_of_every_model(self):
        names = {each.name for each in self.client.get_inference_statistics().model_stats}
        self.assertLessEqual({"counted", "digits", "pair", "repeat_int32"}, names)

    def test_of_an_unknown_model(self):
        text = "Request for unknown model: 'wrong_model_name' is not found"
        self.refused("NOT_FOUND", text, self.client.get_inference_statistics, "wrong_model_name")

    def test_responses_of_a_decoupled_model_by_position(self):
        arrived = Callbacks()
        self.client.start_stream(callback=arrived)
        self.client.async_stream_infer("repeat", repeat([1, 2, 3]))
        self.client.stop_stream()
        for _ in range(3):
            arrived.result()
        responses = self.of("repeat").response_stats
        self.assertLessEqual({"0", "1", "2"}, set(responses))
        self.assertGreaterEqual(responses["2"].success.count, 1)
