"""The official Python SDK against a running gateway: everything in ../expected.json.

    python check.py 1|2 http|sse URL
    python check.py 1|2 stdio COMMAND ARGUMENT...
"""

import asyncio
import base64
import json
import re
import sys
import traceback
from contextlib import asynccontextmanager
from pathlib import Path

SDK, TRANSPORT, *TARGET = sys.argv[1:]
EXPECTED = json.loads((Path(__file__).parent.parent / "expected.json").read_text("utf-8"))
ERA = "modern" if SDK == "2" else "legacy"

# Every POST as it crossed the wire: the HTTP request and the type of its answer.
posts = []


async def record(response):
    if response.request.method == "POST":
        posts.append((response.request, response.headers.get("content-type", "")))


@asynccontextmanager
async def connect_1():
    """A connected session, the version and the server's name and version."""
    from mcp import ClientSession, StdioServerParameters
    from mcp.client.sse import sse_client
    from mcp.client.stdio import stdio_client
    from mcp.client.streamable_http import streamable_http_client
    from mcp.shared._httpx_utils import create_mcp_http_client

    if TRANSPORT == "stdio":
        streams = stdio_client(StdioServerParameters(command=TARGET[0], args=TARGET[1:]))
    elif TRANSPORT == "sse":
        streams = sse_client(TARGET[0])
    else:
        http = create_mcp_http_client()
        http.event_hooks["response"].append(record)
        streams = streamable_http_client(TARGET[0], http_client=http)
    async with streams as (read, write, *_), ClientSession(read, write) as session:
        hello = await session.initialize()
        yield session, hello.protocolVersion, hello.serverInfo


@asynccontextmanager
async def connect_2():
    """The same with the SDK's second line, which negotiates by itself."""
    from mcp import Client, StdioServerParameters
    from mcp.client.streamable_http import streamable_http_client
    from mcp.shared._httpx_utils import create_mcp_http_client

    if TRANSPORT == "stdio":
        server = StdioServerParameters(command=TARGET[0], args=TARGET[1:])
    else:
        http = create_mcp_http_client()
        http.event_hooks["response"].append(record)
        server = streamable_http_client(TARGET[0], http_client=http)
    async with Client(server) as client:
        yield client, client.protocol_version, client.server_info


def same(actual, wanted, part, path="result"):
    """Compares with what is expected; `part` lets objects have more members than that."""
    if isinstance(wanted, dict) and "$png" in wanted:
        picture(actual, path=path, **wanted["$png"])
    elif isinstance(wanted, dict) and "$json" in wanted:
        assert json.loads(actual) == wanted["$json"], f"{path}: {actual}"
    elif isinstance(wanted, dict):
        assert isinstance(actual, dict), f"{path}: {actual!r}"
        assert wanted.keys() == actual.keys() or part and wanted.keys() <= actual.keys(), f"{path}: {actual!r}"
        for key, value in wanted.items():
            same(actual[key], value, part, f"{path}.{key}")
    elif isinstance(wanted, list):
        assert isinstance(actual, list) and len(actual) == len(wanted), f"{path}: {actual!r}"
        for at, value in enumerate(wanted):
            same(actual[at], value, part, f"{path}.{at}")
    else:
        assert actual == wanted and type(actual) is type(wanted), f"{path}: {actual!r}"


def picture(text, *, bytes, side, corner, path):
    """A PNG file of 8-bit RGB points, not compressed, in Base64 without line breaks."""
    assert re.fullmatch(r"[A-Za-z0-9+/]+=*", text), f"{path}: not plain Base64"
    file = base64.b64decode(text)
    assert len(file) == bytes, f"{path}: {len(file)} bytes"
    assert file[:8] == b"\x89PNG\r\n\x1a\n", path
    assert file[16:24] == side.to_bytes(4, "big") * 2, path
    assert list(file[49:52]) == corner, path


def content(result):
    """What was answered, without the members that belong to the protocol."""
    members = result.model_dump(mode="json", by_alias=True, exclude_none=True)
    return {key: value for key, value in members.items() if key not in ("_meta", "resultType", "ttlMs", "cacheScope")}


def request(session, step, **options):
    params = step["params"]
    match step["method"]:
        case "tools/list":
            return session.list_tools()
        case "tools/call":
            return session.call_tool(params["name"], params["arguments"], **options)
        case "resources/list":
            return session.list_resources()
        case "resources/read":
            return session.read_resource(params["uri"])
        case "prompts/list":
            return session.list_prompts()
        case "prompts/get":
            return session.get_prompt(params["name"], params.get("arguments"))


async def check(session, step, **options):
    if "error" not in step:
        same(content(await request(session, step, **options)), step["result"], step.get("part", False))
        return
    try:
        answer = await request(session, step, **options)
    except Exception as error:
        told = getattr(error, "error", None)
        assert told is not None, f"not an error of the protocol: {error!r}"
        if "code" in step["error"]:
            assert told.code == step["error"]["code"][ERA], repr(told)
        assert step["error"].get("text", "") in told.message, repr(told)
    else:
        raise AssertionError(f"an error was expected: {answer!r}")


def check_wire():
    """What the headers and types of the answers were."""
    calls = [(json.loads(request.content), request.headers, kind) for request, kind in posts]

    def target(message):
        params = message.get("params", {})
        return message["method"], params.get("name"), params.get("uri")

    def first(step):
        return next((headers, kind) for message, headers, kind in calls if target(message) == target(step))

    for message, headers, _ in calls:
        if ERA == "modern" or message["method"] != "initialize":
            assert headers["mcp-protocol-version"] == EXPECTED["version"][ERA], message["method"]
    for step in EXPECTED["steps"]:
        headers, kind = first(step)
        assert "error" in step or kind.startswith("application/json"), f"{step['does']}: {kind}"
        for name, value in step.get("headers", {}).items() if ERA == "modern" else ():
            assert headers.get(name) == value, f"{step['does']}: {headers}"
    _, kind = first(EXPECTED["slow"])
    assert kind.startswith("text/event-stream"), kind


failed = 0


@asynccontextmanager
async def proof(does):
    global failed
    try:
        yield
    except Exception as error:
        failed += 1
        reason = str(error) if isinstance(error, AssertionError) else "".join(traceback.format_exception(error))
        print(f"FAILED {does}\n       " + reason.strip().replace("\n", "\n       "), file=sys.stderr)


async def slow_report(session):
    """The report comes, and progress is told before."""
    progress = []

    async def on_progress(value, total, message):
        progress.append(value)

    async with proof(EXPECTED["slow"]["does"]):
        await check(session, EXPECTED["slow"], progress_callback=on_progress)
        assert progress and progress == sorted(set(progress)), f"progress: {progress}"


async def main():
    async with {"1": connect_1, "2": connect_2}[SDK]() as (session, version, server):
        async with proof("negotiates the version"):
            assert version == EXPECTED["version"][ERA], version
            assert {"name": server.name, "version": server.version} == EXPECTED["server"], repr(server)
        async with proof("the tools are listed"):
            await session.list_tools()
        # The slow report runs beside everything else.
        slow = asyncio.create_task(slow_report(session))
        for step in EXPECTED["steps"]:
            async with proof(step["does"]):
                await check(session, step)
        if ERA == "legacy":
            async with proof("pings"):
                await session.send_ping()
        async with proof("nothing waits for the slow report"):
            assert not slow.done()
        await slow
        if TRANSPORT == "http":
            async with proof("headers and types of the answers are right"):
                check_wire()


asyncio.run(asyncio.wait_for(main(), 60))
print(f"Python SDK {SDK}.x over {TRANSPORT}:", f"{failed} checks failed" if failed else "all checks passed")
sys.exit(1 if failed else 0)
