"""Attacks on the work that is done for others: all turns to 1C taken, lists that take long to read."""

import asyncio

import wire
from lab import HEALTH, LIVEZ, Figure, all_of, fast_call, own_login, said


async def quiet(lab):
    """Nobody means harm: what the figures of the others are to be compared with."""
    figures = []
    async with lab.gateway("--auth-mode", "oauth2") as gateway:
        token = await gateway.login("owner", "right", "192.0.2.7")
        probes = {"owner's logins": own_login(), "calls": fast_call(token), "/livez": LIVEZ, "/health": HEALTH}
        async with lab.bystander(gateway, figures, **probes):
            await asyncio.sleep(3)
        figures += gateway.memory_figures(100)
    return figures


async def slow_calls(lab):
    """One caller has 80 slow calls at any time."""
    figures, statuses = [], []
    async with lab.gateway("--auth-mode", "oauth2") as gateway:
        token = await gateway.login("owner", "right", "192.0.2.7")
        other = await gateway.login("mallory", "m", "203.0.113.5")

        async def call(attacker):
            headers, body = wire.called("slow", other, **said("203.0.113.5"))
            while True:
                got = await wire.request(gateway.port, "POST", "/mcp", headers, body, within=60)
                statuses.append(got.status)
                # Refused at once; asked again all the same.
                await asyncio.sleep(0.1)

        async def attack():
            await all_of(80, call, 10)

        attacking = asyncio.create_task(attack())
        # All turns are taken by now.
        await asyncio.sleep(1)
        probes = {"owner's logins": own_login(), "calls": fast_call(token), "/livez": LIVEZ, "/health": HEALTH}
        async with lab.bystander(gateway, figures, **probes):
            await attacking
        note = f"{statuses.count(503)} refused"
        figures.append(Figure("slow calls answered", statuses.count(200), at_least=8, note=note))
        figures += gateway.memory_figures(150)
    return figures


async def lists(lab):
    """Four callers read lists of 9000 tools, 4 MB each and never the same, and one asks for a list that is too long."""
    figures, sizes = [], []
    async with lab.gateway(infobase="tools-9000") as gateway:

        async def read(attacker):
            address = said(f"203.0.113.{attacker}")
            while True:
                headers, body = wire.message("tools/list", {}, **address)
                got = await wire.request(gateway.port, "POST", "/mcp", headers, body, within=60)
                assert got.status == 200 and b'"tool_8999"' in got.body
                sizes.append(len(got.body))

        probes = {"calls": fast_call(), "/livez": LIVEZ, "/health": HEALTH}
        async with lab.bystander(gateway, figures, **probes):
            await all_of(4, read, 8)
        figures.append(Figure("lists", len(sizes), at_least=4, note=f"{max(sizes, default=0) >> 20} MiB each"))
        figures += gateway.memory_figures(400)
    async with lab.gateway(infobase="tools-10001", name="list-too-long") as gateway:
        headers, body = wire.message("tools/list", {})
        got = await wire.request(gateway.port, "POST", "/mcp", headers, body, within=30)
        figures.append(Figure("10 001 tools are an error", "error" in got.json(), at_least=1))
    return figures
