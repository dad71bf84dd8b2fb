from client_test_case import ClientTestCase


class TraceSettings(ClientTestCase):
    def of(self, model=None):
        settings = self.client.get_trace_settings(model_name=model).settings
        return {name: list(setting.value) for name, setting in settings.items()}

    def setUp(self):
        super().setUp()
        self.before = self.of()
        self.addCleanup(self.restore)

    def restore(self):
        names = ("trace_level", "trace_rate")
        self.client.update_trace_settings(settings={name: self.before[name] for name in names})
        self.client.update_trace_settings(model_name="digits", settings=dict.fromkeys(names))

    def test_tell_level_and_rate(self):
        self.assertLessEqual({"trace_level", "trace_rate"}, set(self.before))
        self.assertIn("trace_level", self.client.get_trace_settings(as_json=True)["settings"])

    def test_an_update_answers_with_what_is_now(self):
        response = self.client.update_trace_settings(settings={"trace_rate": "5", "trace_level": ["TIMESTAMPS"]})
        self.assertEqual(list(response.settings["trace_rate"].value), ["5"])
        self.assertEqual(self.of()["trace_rate"], ["5"])
        self.assertEqual(self.of()["trace_level"], ["TIMESTAMPS"])

    def test_a_model_may_have_its_own_until_cleared(self):
        self.client.update_trace_settings(model_name="digits", settings={"trace_rate": "7"})
        self.assertEqual(self.of("digits")["trace_rate"], ["7"])
        self.assertEqual(self.of()["trace_rate"], self.before["trace_rate"])
        self.client.update_trace_settings(model_name="digits", settings={"trace_rate": None})
        self.assertEqual(self.of("digits")["trace_rate"], self.before["trace_rate"])

    def test_an_unknown_setting(self):
        self.refused("INVALID_ARGUMENT", "unknown trace setting 'wrong'", self.client.update_trace_settings, settings={"wrong": "1"})

    def test_of_an_unknown_model(self):
        text = "Request for unknown model : wrong_model_name"
        self.refused("INVALID_ARGUMENT", text, self.client.get_trace_settings, model_name="wrong_model_name")


class LogSettings(ClientTestCase):
    def setUp(self):
        super().setUp()
        self.before = self.client.get_log_settings(as_json=True)["settings"]
        self.addCleanup(self.client.update_log_settings, {"log_verbose_level": 0, "log_info": True})

    def test_tell_what_is_logged(self):
        self.assertLessEqual({"log_info", "log_warning", "log_error", "log_verbose_level"}, set(self.before))
        self.assertTrue(self.before["log_info"]["bool_param"])

    def test_an_update_answers_with_what_is_now(self):
        settings = self.client.update_log_settings({"log_verbose_level": 1}).settings
        self.assertEqual(settings["log_verbose_level"].uint32_param, 1)
        self.assertEqual(self.client.get_log_settings().settings["log_verbose_level"].uint32_param, 1)

    def test_an_unknown_setting(self):
        self.refused("INVALID_ARGUMENT", "unknown log setting 'wrong'", self.client.update_log_settings, {"wrong": True})
