#!/usr/bin/env python3
"""A server that misbehaves as its URLs say, for tests of downloads. http_server.py DIRECTORY

Serves the files of DIRECTORY, prints its port on the first line, and ends with its standard input or after two
minutes. The query says what goes wrong:
  cut=N      the first answer for this path stops after N bytes
  ranges=0   Range is ignored; ranges=416: it is refused
  etag=0     no ETag; next=NAME: from the second answer on, the file NAME is served instead
  fail=N     the first N answers are 503
  endless=1  never stops, and says no length
  to=URL     redirects there
"""
import http.server
import os
import re
import sys
import threading
import urllib.parse

counts = {}


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self, status, body=b"", headers=(), send=None):
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body[:send])
        self.close_connection = True

    def do_GET(self):
        parts = urllib.parse.urlsplit(self.path)
        query = dict(urllib.parse.parse_qsl(parts.query))
        count = counts[parts.path] = counts.get(parts.path, 0) + 1
        if parts.path == "/count":
            return self.answer(200, str(counts.get("/" + query["of"], 0)).encode())
        if "to" in query:
            return self.answer(302, headers=[("Location", query["to"])])
        if count <= int(query.get("fail", 0)):
            return self.answer(503)
        if "endless" in query:
            self.send_response(200)
            self.end_headers()
            self.close_connection = True
            while True:
                self.wfile.write(b"x" * 65536)
        name = query["next"] if "next" in query and count > 1 else parts.path[1:]
        path = os.path.join(sys.argv[1], os.path.basename(name))
        if not os.path.exists(path):
            return self.answer(404)
        with open(path, "rb") as file:
            body = file.read()
        etag = f'"{name}-{len(body)}"'
        headers = [] if query.get("etag") == "0" else [("ETag", etag)]
        wanted = re.match(r"bytes=(\d+)-$", self.headers.get("Range", ""))
        fits = self.headers.get("If-Range", etag) == etag
        if wanted and query.get("ranges") == "416":
            return self.answer(416)
        if wanted and fits and query.get("ranges") != "0":
            begin = int(wanted.group(1))
            if begin >= len(body):
                return self.answer(416)
            headers.append(("Content-Range", f"bytes {begin}-{len(body) - 1}/{len(body)}"))
            return self.answer(206, body[begin:], headers)
        return self.answer(200, body, headers, int(query["cut"]) if "cut" in query and count == 1 else None)

    def handle(self):
        try:
            super().handle()
        except (BrokenPipeError, ConnectionResetError):
            pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
server.daemon_threads = True
print(server.server_port, flush=True)
stop = threading.Timer(120, lambda: os._exit(1))
stop.daemon = True
stop.start()
threading.Thread(target=server.serve_forever, daemon=True).start()
sys.stdin.read()
