import tritonclient.grpc as grpcclient
from client_test_case import ClientTestCase, fp32, row

INT32_MAX = 2**31 - 1


class Connection(ClientTestCase):
    def test_keepalive_options(self):
        options = grpcclient.KeepAliveOptions(
            keepalive_time_ms=INT32_MAX,
            keepalive_timeout_ms=20_000,
            keepalive_permit_without_calls=False,
            http2_max_pings_without_data=2,
        )
        client = self.connect(keepalive_options=options)
        self.assertEqual(client.infer("identity_fp32", row(1)).as_numpy("OUTPUT0").item(), 1)

    def test_eager_keepalive_is_answered_while_a_call_is_under_way(self):
        """A ping each 100 ms: an unanswered one would end the connection, and the call with it."""
        options = grpcclient.KeepAliveOptions(
            keepalive_time_ms=100,
            keepalive_timeout_ms=5_000,
            keepalive_permit_without_calls=True,
            http2_max_pings_without_data=0,
        )
        client = self.connect(keepalive_options=options)
        self.assertEqual(client.infer("slow", fp32([1])).as_numpy("OUTPUT0").item(), 1)

    def test_channel_args(self):
        client = self.connect(channel_args=[("grpc.primary_user_agent", "millrace-test"), ("grpc.max_receive_message_length", 1 << 26)])
        self.assertTrue(client.is_server_live())

    def test_several_clients_at_once(self):
        clients = [self.connect() for _ in range(8)]
        self.assertEqual([client.infer("identity_fp32", row(3)).as_numpy("OUTPUT0").item() for client in clients], [3] * 8)
