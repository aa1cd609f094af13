"""As much of the APIs of GitHub and GitLab as the workflows of examples/ci ask: comments, issues, artifacts.

    api.py FOLDER      # FOLDER/artifacts/NAME/... are the artifacts, FOLDER/pull the number of the merged request

Prints its address. What was posted stands in FOLDER/comments.json and FOLDER/issues.json. Whoever shows no token is refused.
"""

import io
import json
import pathlib
import re
import sys
import urllib.parse
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

FOLDER = pathlib.Path(sys.argv[1])
HEADERS = {"Authorization": "Bearer api-token", "PRIVATE-TOKEN": "api-token", "JOB-TOKEN": "job-token"}
# On GitHub what somebody else wrote stands there already: it must not be taken for tenure's.
STORE = {"comments": [], "issues": []}


def keep(kind):
    (FOLDER / f"{kind}.json").write_text(json.dumps(STORE[kind]))


def create(kind, given):
    number = len(STORE[kind]) + 1
    author = {"user": {"login": "github-actions[bot]"}, "author": {"id": 7}}
    STORE[kind].append({"id": number, "number": number, "iid": number, "state": "open", **author, **given})
    keep(kind)
    return 201, STORE[kind][-1]


def change(kind, number, given):
    if given.pop("state_event", "") == "close":
        given["state"] = "closed"
    STORE[kind][int(number) - 1].update(given)
    keep(kind)
    return 200, STORE[kind][int(number) - 1]


def artifacts(base, name):
    if not (FOLDER / "artifacts" / name).is_dir():
        return 200, {"artifacts": []}
    own = {"head_branch": "main" if name in ("head", "record") else "topic", "head_repository_id": 1, "repository_id": 1}
    url = f"{base}/repos/acme/access/actions/artifacts/{name}/zip"
    stranger = {"expired": False, "archive_download_url": "http://127.0.0.1:1/", "workflow_run": {**own, "head_repository_id": 2}}
    return 200, {"artifacts": [stranger, {"expired": False, "archive_download_url": url, "workflow_run": own}]}


def zipped(name):
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w") as archive:
        for path in sorted((FOLDER / "artifacts" / name).rglob("*")):
            archive.write(path, path.relative_to(FOLDER / "artifacts" / name))
    return 200, whole.getvalue()


def raw(name):
    path = FOLDER / "artifacts" / name
    return (200, path.read_bytes()) if path.is_file() else (404, {"message": "404 Not Found"})


def open_ones(_base):
    return 200, [issue for issue in STORE["issues"] if issue["state"] == "open"]


ROUTES = [
    ("GET", r"/repos/acme/access/issues/12/comments", lambda base: (200, STORE["comments"])),
    ("POST", r"/repos/acme/access/issues/12/comments", lambda base, given: create("comments", given)),
    ("PATCH", r"/repos/acme/access/issues/comments/(\d+)", lambda base, n, given: change("comments", n, given)),
    ("GET", r"/repos/acme/access/issues", open_ones),
    ("POST", r"/repos/acme/access/issues", lambda base, given: create("issues", given)),
    ("PATCH", r"/repos/acme/access/issues/(\d+)", lambda base, n, given: change("issues", n, given)),
    ("GET", r"/repos/acme/access/actions/artifacts\?name=([\w-]+)", artifacts),
    ("GET", r"/repos/acme/access/actions/artifacts/([\w-]+)/zip", lambda base, name: zipped(name)),
    ("GET", r"/repos/acme/access/commits/\w+/pulls", lambda base: (200, [{"number": 12, "merged_at": "2026-11-27"}])),
    ("GET", r"/user", lambda base: (200, {"id": 7})),
    ("GET", r"/projects/1/merge_requests/12/notes", lambda base: (200, STORE["comments"])),
    ("POST", r"/projects/1/merge_requests/12/notes", lambda base, given: create("comments", given)),
    ("PUT", r"/projects/1/merge_requests/12/notes/(\d+)", lambda base, n, given: change("comments", n, given)),
    ("GET", r"/projects/1/issues", open_ones),
    ("POST", r"/projects/1/issues", lambda base, given: create("issues", given)),
    ("PUT", r"/projects/1/issues/(\d+)", lambda base, n, given: change("issues", n, given)),
    ("GET", r"/projects/1/jobs/artifacts/main/raw/([\w.-]+)\?job=apply", lambda base, name: raw(name)),
]


class Handler(BaseHTTPRequestHandler):
    def answer(self):
        base = f"http://{self.headers['Host']}"
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        given = [json.loads(body)] if body else []
        status, told = 404, {"message": f"no route for {self.command} {self.path}"}
        if not any(self.headers.get(name) == value for name, value in HEADERS.items()):
            status, told = 401, {"message": "Bad credentials"}
        else:
            for method, pattern, action in ROUTES:
                whole = pattern if r"\?" in pattern else pattern + r"(?:\?.*)?$"
                found = re.match(whole, urllib.parse.unquote(self.path))
                if found and method == self.command:
                    status, told = action(base, *found.groups(), *given)
                    break
        bytes_ = told if isinstance(told, bytes) else json.dumps(told).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(bytes_)))
        self.end_headers()
        self.wfile.write(bytes_)

    do_GET = do_POST = do_PATCH = do_PUT = answer

    def log_message(self, *_):
        pass


STORE["comments"].append({"id": 1, "user": {"login": "eve"}, "author": {"id": 8}, "body": "<!-- tenure plan --> mine"})
keep("comments"), keep("issues")
server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
print(f"http://127.0.0.1:{server.server_port}", flush=True)
import threading

threading.Thread(target=server.serve_forever, daemon=True).start()
sys.stdin.read()  # ends with whoever started it
