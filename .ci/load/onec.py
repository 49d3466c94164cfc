"""A stand-in for 1C that is quick, slow or talkative as the path of its infobase says. Prints its port.

    /tools-9000/hs/mcp    lists 9000 tools, in other words each time
    /sleepy/hs/mcp        takes 2 s to look at a login that is wrong

Tools: `fast`, `slow` (3 s), `big` (4 MB of text), `large` (1 MB). `GET /asked` tells how often which login was refused.
"""

import asyncio
import base64
import collections
import functools
import itertools
import json

import wire

USERS = {"owner": "right", "mallory": "m", "gateway": "service"}
SLOW = 3
SLOW_LOGIN = 2
TEXTS = {"fast": "готово", "slow": "готово", "big": "ж" * (2 << 20), "large": "ж" * (1 << 19)}
turns = itertools.count()
refused = collections.Counter()


def as_json(value):
    return json.dumps(value, ensure_ascii=False).encode()


# Written once: a stand-in that is busy writing would keep others waiting.
RESULTS = {
    tool: as_json({"content": [{"type": "text", "text": text}], "isError": False}) for tool, text in TEXTS.items()
}


@functools.cache
def tools(count):
    argument = {"type": "string", "description": "что искать"}
    schema = {"type": "object", "properties": {name: argument for name in "abc"}}
    names = [*TEXTS, *(f"tool_{number}" for number in range(len(TEXTS), count))]
    described = [{"name": name, "description": "отчёт: " + "о" * 80, "inputSchema": schema} for name in names]
    described[0]["description"] = "@turn"
    return as_json({"tools": described})


def listed(infobase):
    """Tools, one of them with other words each time."""
    count = int(infobase.partition("-")[2] or len(TEXTS))
    return tools(count).replace(b"@turn", b"%d" % next(turns))


async def called(tool):
    if tool == "slow":
        await asyncio.sleep(SLOW)
    return RESULTS[tool]


def who(headers):
    """The user whose login came along, if it is right."""
    scheme, _, text = headers.get("authorization", "").partition(" ")
    user, _, password = base64.b64decode(text).decode().partition(":") if scheme == "Basic" else ("", "", "")
    if USERS.get(user) == password:
        return user
    refused[user] += 1
    return None


async def answer(path, headers, body):
    if path == "/asked":
        return 200, as_json(refused)
    if not who(headers):
        if path.startswith("/sleepy/"):
            await asyncio.sleep(SLOW_LOGIN)
        return 401, b'{"error":"unauthorized"}'
    if path.endswith("/health"):
        return 200, b'{"status":"ok"}'
    asked = json.loads(body)
    if asked["method"] == "tools/list":
        result = b'"result":' + listed(path.split("/")[1])
    elif asked["method"] == "tools/call":
        result = b'"result":' + await called(asked["params"]["name"])
    else:
        result = b'"error":{"code":-32601,"message":"no such method"}'
    return 200, b'{"jsonrpc":"2.0","id":%s,%s}' % (as_json(asked["id"]), result)


async def serve(reader, writer):
    try:
        while True:
            lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
            headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines[1:])}
            body = await wire.read_body(reader, headers)
            status, text = await answer(lines[0].split()[1], headers, body)
            kind = "Content-Type: application/json; charset=utf-8"
            writer.write(f"HTTP/1.1 {status} -\r\n{kind}\r\nContent-Length: {len(text)}\r\n\r\n".encode() + text)
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        pass
    finally:
        writer.close()


async def main():
    server = await asyncio.start_server(serve, "127.0.0.1", 0, backlog=1000)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
