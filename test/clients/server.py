"""A fresh server in a process of its own."""

import json
import os
import signal
import subprocess
import sys
import threading

START_LIMIT_S = 60
STOP_LIMIT_S = 60


class Server:
    """`millrace serve` on free ports. Entering waits for its ready line; leaving sends SIGTERM and wants the exit code 0."""

    def __init__(self, main, flags, env):
        self._command = ["node", str(main), "serve", "--grpc-port", "0", "--admin-port", "0", *flags]
        self._env = env
        self._lines = []
        self._ready = threading.Event()
        self._address = None
        self._process = None
        self._reader = None

    @property
    def address(self):
        if self._address is None:
            raise RuntimeError("the server has not said where it listens")
        return self._address

    @property
    def log(self):
        return "".join(self._lines)

    def __enter__(self):
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("MILLRACE_", "OTEL_"))}
        self._process = subprocess.Popen(self._command, stderr=subprocess.PIPE, text=True, encoding="utf-8", env={**kept, **self._env})
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        if not self._ready.wait(START_LIMIT_S) or self._address is None:
            self._process.kill()
            self._process.wait()
            self._reader.join()
            raise RuntimeError(f"the server is not ready:\n{self.log}")
        return self

    def __exit__(self, kind, error, trace):
        self._process.send_signal(signal.SIGTERM)
        try:
            code = self._process.wait(STOP_LIMIT_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
            code = f"no answer to SIGTERM within {STOP_LIMIT_S} s"
        self._reader.join()
        if code != 0:
            sys.stderr.write(self.log)
            raise RuntimeError(f"the server ended with {code}, expected exit code 0 after SIGTERM")

    def _read(self):
        for line in self._process.stderr:
            self._lines.append(line)
            if self._address is None and '"event":"ready"' in line:
                self._address = json.loads(line)["grpc"]
                self._ready.set()
        # The log has ended: whoever still waits for the ready line need not.
        self._ready.set()
