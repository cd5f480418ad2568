"""A server on this machine that misbehaves as real ones do."""

import http.server
import json
import threading
import time

CONTENT = bytes(range(256)) * 4096


class Handler(http.server.BaseHTTPRequestHandler):
    """Answers each request with the next behavior that the server has for its path.

    A behavior is content to send (`whole` for CONTENT), the number of an error, an address to go to
    instead, JSON, `cut` (half of the content, then the connection breaks), `drop` (no answer),
    `silent` (an answer that never comes) or `slow` (the content, a little at a time, until the
    client has gone).
    """

    def do_GET(self):
        path = self.path.partition("?")[0]
        self.server.requests.append(path)
        behaviors = self.server.behaviors[path]
        behavior = behaviors.pop(0) if len(behaviors) > 1 else behaviors[0]
        content = behaviors[-1] if isinstance(behaviors[-1], bytes) else CONTENT
        content = behavior if isinstance(behavior, bytes) else content
        kind = "application/octet-stream"
        if isinstance(behavior, dict):
            content, kind = json.dumps(behavior).encode(), "application/json"
        if behavior == "drop":
            return
        if behavior == "silent":
            time.sleep(30)
            return
        if isinstance(behavior, int):
            self.send_error(behavior)
            return
        if isinstance(behavior, str) and behavior.startswith("http"):
            self.send_response(302)
            self.send_header("Location", behavior)
            self.end_headers()
            return
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Content-Type", kind)
        self.end_headers()
        if behavior == "cut":
            self.wfile.write(content[: len(content) // 2])
        elif behavior == "slow":
            try:
                for byte in content:
                    self.wfile.write(bytes([byte]))
                    self.server.sent.set()
                    time.sleep(0.02)
            except OSError:
                return
        else:
            self.wfile.write(content)

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.do_GET()

    def log_message(self, *_):
        pass


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, port: int = 0):
        super().__init__(("localhost", port), Handler)
        self.behaviors, self.requests, self.sent = {}, [], threading.Event()
        threading.Thread(target=self.serve_forever, args=[0.01], daemon=True).start()

    def serve(self, path: str, *behaviors) -> str:
        """Set the behaviors of a path, of which the last goes on, and return its address."""
        self.behaviors[path] = list(behaviors)
        return f"http://localhost:{self.server_port}{path}"
