"""A hub on this machine, which huggingface_hub takes for Hugging Face's.

It has datasets at commits, and answers as that one does: what a dataset is and which files it has,
addresses of files with the headers that say what they are, and a redirection to a server of another
address that has their content, whole or from a byte on.
"""

import hashlib
import http.server
import json
import re
import threading
from collections import defaultdict
from typing import NamedTuple

GATED = "GatedRepo"
# Of these files a hub knows the SHA-256; others are git's.
LARGE = (".parquet", ".safetensors", ".bin")


class Request(NamedTuple):
    """What was asked for: `api`, `resolve` or `content`, and what of its headers matters."""

    of: str
    method: str
    path: str
    start: int
    authorization: str | None


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_HEAD(self):
        self.do_GET()

    def do_GET(self):
        hub = self.server.hub
        path = self.path.partition("?")[0]
        # The library asks for more than that, of which its downloads do not depend.
        known = {
            "api": "/api/(datasets|models)/",
            "resolve": "/.*/resolve/",
            "content": "/content/",
        }
        of = next((of for of, start in known.items() if re.match(start, path)), "nothing")
        start = re.match(r"bytes=(\d+)-", self.headers.get("Range", ""))
        start = int(start[1]) if start else 0
        authorization = self.headers.get("Authorization")
        hub.requests.append(Request(of, self.command, path, start, authorization))
        behavior = hub.behaviors[of].pop(0) if hub.behaviors[of] else None
        if isinstance(behavior, int):
            self.answer(behavior, b"busy")
        elif behavior == "drop":
            self.close_connection = True
        else:
            getattr(self, of)(path, start, behavior)

    def answer(self, status: int, content: bytes = b"", **headers: str) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def refuse(self, status: int, code: str) -> None:
        self.answer(status, b"{}", X_Error_Code=code, X_Error_Message=f"It is {code}")

    def nothing(self, path, start, behavior):
        self.answer(404)

    def files(self, name: str, revision: str):
        """Return the files of a dataset at a commit or, where it has none, answer as a hub does."""
        hub = self.server.hub
        if name not in hub.datasets:
            # Whether there is none, or one that others may see, is not told.
            self.refuse(401, "RepoNotFound")
        elif revision not in hub.datasets[name]:
            self.refuse(404, "RevisionNotFound")
        else:
            return hub.datasets[name][revision]
        return None

    def api(self, path, start, behavior):
        match = re.fullmatch("/api/(?:datasets|models)/(.+)/revision/([^/]+)", path)
        files = self.files(*match.groups())
        if files is None:
            return
        siblings = [
            {"rfilename": file, "size": len(content), "blobId": git_hash(content)}
            | ({"lfs": lfs(content)} if file.endswith(LARGE) else {})
            for file, content in files.items()
        ]
        found = {"id": match[1], "sha": self.server.hub.commit or match[2], "siblings": siblings}
        self.answer(200, json.dumps(found).encode(), Content_Type="application/json")

    def resolve(self, path, start, behavior):
        name, revision, file = re.fullmatch(
            "(?:/datasets)?/([^/]+/[^/]+)/resolve/([^/]+)/(.+)", path
        ).groups()
        files = self.files(name, revision)
        if files is None:
            return
        hub, content = self.server.hub, files.get(file)
        if content is None:
            self.refuse(404, "EntryNotFound")
        elif hub.token and self.headers.get("Authorization") != f"Bearer {hub.token}":
            self.refuse(403 if self.headers.get("Authorization") else 401, GATED)
        else:
            sha256 = hashlib.sha256(content).hexdigest()
            location = f"http://127.0.0.1:{hub.elsewhere.server_port}/content/{sha256}"
            about = {"X_Repo_Commit": revision, "X_Linked_Etag": f'"{sha256}"'}
            about |= {"X_Linked_Size": str(len(content)), "ETag": '"of this answer"'}
            # What makes the library take files by Xet, where it is asked to download one.
            about |= {"X_Xet_Hash": "0" * 64, "X_Xet_Refresh_Route": "/api/xet"}
            self.answer(302, location.encode(), Location=location, **about)

    def content(self, path, start, behavior):
        """Send a file from a byte on: `cut` ends after half of it, `stall` stays silent there, and
        `damage` changes its last byte; `ignore` sends all whatever was asked for."""
        hub = self.server.hub
        all_files = [
            file for of in hub.datasets.values() for some in of.values() for file in some.values()
        ]
        content = next(
            file
            for file in all_files
            if hashlib.sha256(file).hexdigest() == path.rpartition("/")[2]
        )
        if behavior == "damage":
            content = content[:-1] + bytes([content[-1] ^ 1])
        if behavior == "ignore":
            start = 0
        self.send_response(206 if start else 200)
        if start:
            last = len(content) - 1
            self.send_header("Content-Range", f"bytes {start}-{last}/{len(content)}")
        self.send_header("Content-Length", str(len(content) - start))
        self.end_headers()
        half = len(content) // 2 if behavior in ("cut", "stall") else len(content)
        self.wfile.write(content[start:half])
        hub.sent += max(0, half - start)
        if behavior == "stall":
            self.wfile.flush()
            hub.stalled.set()
            hub.go_on.wait(60)
        self.close_connection = True

    def log_message(self, *_):
        pass


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, hub):
        super().__init__(("127.0.0.1", 0), Handler)
        self.hub = hub
        threading.Thread(target=self.serve_forever, args=[0.01], daemon=True).start()


class Hub:
    """Datasets and models by their names, of each its files by commits; a token, if it has one."""

    def __init__(self):
        self.datasets: dict[str, dict[str, dict[str, bytes]]] = {}
        self.token: str | None = None
        # Another commit than what was asked for, as the hub says it.
        self.commit: str | None = None
        self.behaviors: dict[str, list] = defaultdict(list)
        self.requests: list[Request] = []
        self.sent = 0
        self.stalled, self.go_on = threading.Event(), threading.Event()
        self.server, self.elsewhere = _Server(self), _Server(self)
        self.address = f"http://127.0.0.1:{self.server.server_port}"

    def asked(self, of: str) -> list[Request]:
        return [request for request in self.requests if request.of == of]

    def close(self) -> None:
        self.go_on.set()
        for server in (self.server, self.elsewhere):
            server.shutdown()
            server.server_close()


def git_hash(content: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()


def lfs(content: bytes) -> dict:
    return {
        "sha256": hashlib.sha256(content).hexdigest(),
        "size": len(content),
        "pointerSize": 134,
    }
