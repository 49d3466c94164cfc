"""Attacks on memory: bodies that never end, readers that take nothing, streams beyond number."""

import asyncio
import socket

import wire
from lab import HEALTH, LIVEZ, Figure, all_of, fast_call, said

# MiB, in place of 512, so that little load fills it.
BUDGET = 64
BODY = 4 << 20


async def slow_bodies(lab, address, kept, **normal):
    """Bodies of 4 MB, sent but for their end."""
    figures, sent = [], []
    async with lab.gateway(MCP_MAX_BUFFERED=str(BUDGET)) as gateway:

        async def upload(attacker):
            headers, _ = wire.called("fast", **said(address(attacker)))
            reader, writer = await wire.connect(gateway.port)
            writer.write(wire.head("POST", "/mcp", headers, b"x" * BODY))
            try:
                for _ in range(64):
                    writer.write(b" " * (BODY // 65))
                    await writer.drain()
                    sent.append(BODY // 65)
                await reader.read()
            finally:
                writer.close()

        probes = {"calls": fast_call(**normal), "/livez": LIVEZ, "/health": HEALTH}
        async with lab.bystander(gateway, figures, **probes):
            await all_of(100, upload, 7)
            figures.append(Figure("sent", sum(sent) >> 20, "MiB", at_least=BUDGET / 4))
        figures += gateway.memory_figures(kept)
    return figures


def slow_bodies_from_one(lab):
    return slow_bodies(lab, lambda attacker: "203.0.113.5", BUDGET / 4 + 60)


def slow_bodies_from_many(lab):
    """All of the budget is theirs, as long as they have addresses: then calls with a body are refused, and say so."""
    return slow_bodies(lab, lambda attacker: f"203.0.113.{attacker}", BUDGET + 60, may_fail=True)


async def slow_readers(lab):
    """Answers of 4 MB that nobody takes. Those of calls that run or wait already are taken in whatever the budget."""
    figures, asked = [], []
    async with lab.gateway(MCP_MAX_BUFFERED="256") as gateway:

        async def ask(attacker):
            headers, body = wire.called("big", **said("203.0.113.5"))
            connection = await unread(gateway.port, wire.head("POST", "/mcp", headers, body) + body)
            asked.append(connection)
            await asyncio.sleep(60)

        probes = {"calls": fast_call(), "/livez": LIVEZ, "/health": HEALTH}
        async with lab.bystander(gateway, figures, **probes):
            await all_of(120, ask, 8)
        figures.append(Figure("answers asked for", len(asked), at_least=100))
        figures += gateway.memory_figures(200)
        for connection in asked:
            connection.close()
    return figures


async def unread(port, request):
    """Sends a request over a connection that takes next to nothing of the answer."""
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    connection.setblocking(False)
    loop = asyncio.get_running_loop()
    await loop.sock_connect(connection, ("127.0.0.1", port))
    await loop.sock_sendall(connection, request)
    return connection


async def stalled(lab):
    """A client that takes nothing of its answer is cut after a minute."""
    async with lab.gateway(name="stalled", MCP_ONEC_KEEPALIVE_MS="0") as gateway:
        await asyncio.sleep(1)
        before = gateway.sockets()
        headers, body = wire.called("big")
        connection = await unread(gateway.port, wire.head("POST", "/mcp", headers, body) + body)
        loop = asyncio.get_running_loop()
        start = loop.time()
        await asyncio.sleep(5)
        while gateway.sockets() > before and loop.time() - start < 90:
            await asyncio.sleep(1)
        waited = loop.time() - start
        connection.close()
    return [Figure("cut after", waited, "s", at_most=80, at_least=50)]


async def event_streams(lab):
    """One user opens a thousand streams of HTTP+SSE and asks for large answers on those that are left."""
    figures, opened, refused = [], [], []
    async with lab.gateway("--auth-mode", "oauth2") as gateway:
        token = await gateway.login("owner", "right", "192.0.2.7")
        other = await gateway.login("mallory", "m", "203.0.113.5")
        authorization = {"Authorization": f"Bearer {other}"} | said("203.0.113.5")

        async def open_stream(attacker):
            for _ in range(11):
                status, first, _, writer = await wire.stream(gateway.port, "GET", "/sse", authorization)
                if status != 200:
                    refused.append(status)
                    writer.close()
                    continue
                opened.append((first.partition("data: ")[2].strip(), writer))

        async def ask(attacker):
            headers, body = wire.called("large", other, **said("203.0.113.5"))
            while opened:
                path, _ = opened[attacker % len(opened)]
                await wire.request(gateway.port, "POST", path, headers, body)

        own = {"method": "GET", "path": "/sse", "headers": {"Authorization": f"Bearer {token}"} | said("192.0.2.7")}
        probes = {"streams": own | {"stream": True, "every": 0.3}, "calls": fast_call(token), "/livez": LIVEZ}
        await all_of(100, open_stream, 4)
        async with lab.bystander(gateway, figures, **probes):
            await all_of(40, ask, 5)
        note = f"{len(refused)} refused"
        figures.append(Figure("streams of one user", len(opened), at_most=8, at_least=1, note=note))
        figures += gateway.memory_figures(200)
        for _, writer in opened:
            writer.close()
    return figures


async def subscriptions(lab):
    """One user listens hundreds of times."""
    figures, opened, refused = [], [], []
    async with lab.gateway("--auth-mode", "oauth2") as gateway:
        token = await gateway.login("owner", "right", "192.0.2.7")
        other = await gateway.login("mallory", "m", "203.0.113.5")

        async def listen(attacker):
            for _ in range(5):
                headers, body = wire.listening(other)
                headers |= said("203.0.113.5")
                status, _, _, writer = await wire.stream(gateway.port, "POST", "/mcp", headers, body)
                (opened if status == 200 else refused).append(writer)

        headers, body = wire.listening(token)
        own = {"method": "POST", "path": "/mcp", "headers": headers | said("192.0.2.7"), "body": body.decode()}
        probes = {"subscriptions": own | {"stream": True, "every": 0.3}, "calls": fast_call(token), "/livez": LIVEZ}
        await all_of(100, listen, 3)
        async with lab.bystander(gateway, figures, **probes):
            await asyncio.sleep(2)
        figures.append(Figure("open for one user", len(opened), at_most=8, at_least=1, note=f"{len(refused)} refused"))
        figures += gateway.memory_figures(150)
        for writer in opened + refused:
            writer.close()
    return figures
