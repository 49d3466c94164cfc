"""HTTP/1.1 as bytes over a connection: enough for normal clients and for those who mean harm."""

import asyncio
import base64
import itertools
import json
import time
from dataclasses import dataclass
from urllib.parse import urlencode

MODERN = "2026-07-28"
LEGACY = "2025-11-25"
number = itertools.count(1)


@dataclass
class Answer:
    status: int
    headers: dict
    body: bytes
    seconds: float

    def json(self):
        return json.loads(self.body)


def head(method, path, headers=None, body=None):
    """The head of a request. Without a body there is no length either."""
    lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    if body is not None:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode()


async def connect(port, source=None, **socket):
    local = (source, 0) if source else None
    return await asyncio.open_connection("127.0.0.1", port, local_addr=local, limit=1 << 20, **socket)


async def read_head(reader):
    lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    headers = dict(line.split(": ", 1) for line in lines[1:] if ": " in line)
    return int(lines[0].split()[1]), {name.lower(): value for name, value in headers.items()}


async def read_body(reader, headers):
    if headers.get("transfer-encoding") != "chunked":
        return await reader.readexactly(int(headers.get("content-length", 0)))
    body = b""
    while size := int(await reader.readuntil(b"\r\n"), 16):
        body += (await reader.readexactly(size + 2))[:-2]
    await reader.readuntil(b"\r\n")
    return body


class Line:
    """A connection for one request after another, opened anew where the server closed it."""

    def __init__(self, port, source=None):
        self.port, self.source, self.writer = port, source, None

    async def ask(self, method, path, headers=None, body=None):
        start = time.monotonic()
        try:
            if self.writer is None:
                self.reader, self.writer = await connect(self.port, self.source)
            self.writer.write(head(method, path, headers, body) + (body or b""))
            status, got = await read_head(self.reader)
            answer = Answer(status, got, await read_body(self.reader, got), time.monotonic() - start)
        except BaseException:
            self.close()
            raise
        if got.get("connection") == "close":
            self.close()
        return answer

    def close(self):
        if self.writer is not None:
            self.writer.close()
        self.writer = None


async def request(port, method, path, headers=None, body=None, source=None, within=10):
    """One request over a connection of its own."""
    line = Line(port, source)
    try:
        async with asyncio.timeout(within):
            return await line.ask(method, path, headers, body)
    finally:
        line.close()


async def stream(port, method, path, headers=None, body=None, source=None):
    """Opens an event stream: its status, first bytes, and the connection."""
    reader, writer = await connect(port, source)
    writer.write(head(method, path, headers, body) + (body or b""))
    status, got = await read_head(reader)
    first = await reader.readuntil(b"\n\n") if status == 200 else b""
    return status, first.decode(), reader, writer


def form(**fields):
    return {"Content-Type": "application/x-www-form-urlencoded"}, urlencode(fields).encode()


def called(tool, token=None, **headers):
    """A call of a tool, as a client of an older revision puts it: headers and body."""
    return message("tools/call", {"name": tool, "arguments": {}}, token, **headers)


def message(method, params, token=None, **headers):
    body = {"jsonrpc": "2.0", "id": next(number), "method": method, "params": params}
    return common(token) | {"MCP-Protocol-Version": LEGACY} | headers, json.dumps(body).encode()


def listening(token=None):
    """`subscriptions/listen` of the newest revision."""
    meta = {
        "io.modelcontextprotocol/protocolVersion": MODERN,
        "io.modelcontextprotocol/clientInfo": {"name": "load", "version": "1"},
        "io.modelcontextprotocol/clientCapabilities": {},
    }
    headers, body = message("subscriptions/listen", {"notifications": {"toolsListChanged": True}, "_meta": meta}, token)
    return headers | {"MCP-Protocol-Version": MODERN, "Mcp-Method": "subscriptions/listen"}, body


def common(token):
    headers = {"Content-Type": "application/json", "Accept": "application/json, text/event-stream"}
    return headers | ({"Authorization": f"Bearer {token}"} if token else {})


def basic(user, password):
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()
