import asyncio
import os
import unittest

import tritonclient.grpc.aio as aioclient
from client_test_case import fp32, row
from test_stream import is_final, repeat
from tritonclient.utils import InferenceServerException


class AsyncioClient(unittest.IsolatedAsyncioTestCase):
    async def asyncSetUp(self):
        self.client = aioclient.InferenceServerClient(os.environ["MILLRACE_TEST_ADDRESS"])
        self.addAsyncCleanup(self.client.close)

    async def test_health_and_metadata(self):
        self.assertTrue(await self.client.is_server_live())
        self.assertTrue(await self.client.is_server_ready())
        self.assertTrue(await self.client.is_model_ready("digits"))
        self.assertEqual((await self.client.get_server_metadata()).name, "millrace")
        self.assertEqual((await self.client.get_model_metadata("digits", as_json=True))["name"], "digits")
        self.assertEqual((await self.client.get_model_config("digits")).config.max_batch_size, 64)
        self.assertIn("digits", [model.name for model in (await self.client.get_model_repository_index()).models])
        self.assertEqual((await self.client.get_inference_statistics("digits")).model_stats[0].name, "digits")

    async def test_many_requests_at_once(self):
        results = await asyncio.gather(*(self.client.infer("identity_fp32", row(number)) for number in range(32)))
        self.assertEqual([result.as_numpy("OUTPUT0").item() for result in results], list(range(32)))

    async def test_an_error(self):
        with self.assertRaises(InferenceServerException) as caught:
            await self.client.infer("wrong_model_name", row(1))
        self.assertEqual(caught.exception.status(), "StatusCode.NOT_FOUND")

    async def test_client_timeout(self):
        with self.assertRaises(InferenceServerException) as caught:
            await self.client.infer("slow", fp32([1]), client_timeout=0.2)
        self.assertEqual(caught.exception.status(), "StatusCode.DEADLINE_EXCEEDED")

    async def test_a_cancelled_task(self):
        task = asyncio.create_task(self.client.infer("slow", fp32([1])))
        await asyncio.sleep(0)
        task.cancel()
        with self.assertRaises(asyncio.CancelledError):
            await task

    async def test_stream_infer(self):
        async def requests():
            for number in range(8):
                yield {"model_name": "identity_fp32", "inputs": row(number), "request_id": str(number)}

        answers = [answer async for answer in self.client.stream_infer(inputs_iterator=requests())]
        self.assertEqual([error for _, error in answers], [None] * 8)
        self.assertEqual([result.get_response().id for result, _ in answers], [str(number) for number in range(8)])

    async def test_stream_infer_of_a_decoupled_model(self):
        async def requests():
            yield {"model_name": "repeat_int32", "inputs": repeat([5, 6, 7])}

        results = [result async for result, _ in self.client.stream_infer(inputs_iterator=requests())]
        self.assertEqual([result.as_numpy("OUT").item() for result in results], [5, 6, 7])
        self.assertEqual([is_final(result) for result in results], [False] * 3)

    async def test_an_error_in_a_stream(self):
        async def requests():
            yield {"model_name": "wrong_model_name", "inputs": row(1)}
            yield {"model_name": "identity_fp32", "inputs": row(2)}

        answers = [answer async for answer in self.client.stream_infer(inputs_iterator=requests())]
        self.assertEqual(len([error for _, error in answers if error is not None]), 1)
        self.assertEqual([result.as_numpy("OUTPUT0").item() for result, _ in answers if result is not None], [2])

    async def test_a_cancelled_stream(self):
        async def requests():
            yield {"model_name": "repeat_int32", "inputs": repeat([1, 2], [0, 20_000])}

        answers = self.client.stream_infer(inputs_iterator=requests())
        result, _ = await anext(answers)
        self.assertEqual(result.as_numpy("OUT").item(), 1)
        self.assertTrue(answers.cancel())
        with self.assertRaises(asyncio.CancelledError):
            await anext(answers)
