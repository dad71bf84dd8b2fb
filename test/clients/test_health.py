import tritonclient.grpc as grpcclient
from client_test_case import ClientTestCase


class Health(ClientTestCase):
    def test_the_server_is_live_and_ready(self):
        self.assertIs(self.client.is_server_live(), True)
        self.assertIs(self.client.is_server_ready(), True)

    def test_takes_headers_and_a_timeout(self):
        self.assertIs(self.client.is_server_live(headers={"test": "1", "dummy": "2"}, client_timeout=10.0), True)
        self.assertIs(self.client.is_server_ready(headers={"test": "1"}, client_timeout=10.0), True)

    def test_a_loaded_model_is_ready_with_and_without_its_version(self):
        self.assertIs(self.client.is_model_ready("digits"), True)
        self.assertIs(self.client.is_model_ready("digits", "1"), True)

    def test_an_unknown_model_or_version_is_not_ready_and_no_error(self):
        self.assertIs(self.client.is_model_ready("wrong_model_name"), False)
        self.assertIs(self.client.is_model_ready("digits", "99"), False)

    def test_a_malformed_version_is_an_error(self):
        self.refused("INVALID_ARGUMENT", "model version", self.client.is_model_ready, "digits", "-1")

    def test_works_as_a_context_manager(self):
        with grpcclient.InferenceServerClient(url=self.url) as client:
            self.assertIs(client.is_server_live(), True)

    def test_nobody_listening_is_unavailable(self):
        client = grpcclient.InferenceServerClient(url="127.0.0.1:1")
        self.addCleanup(client.close)
        self.refused("UNAVAILABLE", "", client.is_server_live)
