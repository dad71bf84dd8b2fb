"""
Runs the tests of this directory against a fresh server; exits with 0 only if all have passed and none was skipped.

    python main.py BUILT_MAIN_JS TRANSPORT [WORD ...]     WORD: run only tests whose names contain one of the words
"""

import os
import sys
import tempfile
import unittest
from importlib.metadata import version
from pathlib import Path

from repository import write_repository
from server import Server
from trace_receiver import TraceReceiver

HERE = Path(__file__).resolve().parent
PROJECT = HERE.parents[1]
# A lower count is a file that was not found, not a success.
LEAST_TESTS = 150


def main():
    built, transport, *words = sys.argv[1:]
    print(f"transport {transport}, tritonclient {version('tritonclient')}, grpcio {version('grpcio')}, Python {sys.version.split()[0]}", flush=True)
    with tempfile.TemporaryDirectory(prefix="millrace-clients-") as repository:
        write_repository(repository)
        flags = ["--model-repository", repository, "--model-repository", str(PROJECT / "examples" / "models")]
        flags += ["--model-control-mode", "explicit", "--load-model", "*", "--transport", transport]
        with TraceReceiver() as traces:
            with Server(built, flags, {"OTEL_EXPORTER_OTLP_ENDPOINT": traces.endpoint}) as server:
                os.environ["MILLRACE_TEST_ADDRESS"] = server.address
                result = run(words)
                if not result.wasSuccessful():
                    sys.stderr.write(f"--- the server's log\n{server.log}")
            if traces.exports == 0:
                sys.exit("the server sent no trace of all these calls")
    # By test: one may fail in several ways.
    failed = len({test.id() for test, _ in [*result.failures, *result.errors]}) + len(result.unexpectedSuccesses)
    print(f"{result.testsRun - failed - len(result.skipped)} passed, {failed} failed, {len(result.skipped)} skipped", flush=True)
    if not words and result.testsRun < LEAST_TESTS:
        sys.exit(f"only {result.testsRun} tests ran, expected at least {LEAST_TESTS}")
    sys.exit(0 if result.wasSuccessful() and not result.skipped and result.testsRun > 0 else 1)


def run(words):
    loader = unittest.TestLoader()
    loader.testNamePatterns = [f"*{word}*" for word in words] or None
    suite = loader.discover(str(HERE), pattern="test_*.py", top_level_dir=str(HERE))
    return unittest.TextTestRunner(stream=sys.stdout, verbosity=2).run(suite)


if __name__ == "__main__":
    main()
