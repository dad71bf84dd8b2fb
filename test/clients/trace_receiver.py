"""A place for the server's traces to go: it takes what comes and keeps only how much that was."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class TraceReceiver:
    """OTLP over HTTP on a free port of the loopback interface."""

    def __init__(self):
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    @property
    def endpoint(self):
        return f"http://127.0.0.1:{self._server.server_port}"

    @property
    def exports(self):
        return self._server.exports

    def __enter__(self):
        self._server.exports = 0
        self._thread.start()
        return self

    def __exit__(self, kind, error, trace):
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers.get("content-length", 0)))
        self.server.exports += 1
        self.send_response(200)
        self.send_header("content-type", "application/x-protobuf")
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, format, *arguments):
        pass
