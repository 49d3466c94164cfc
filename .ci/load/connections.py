"""Attacks on connections: heads of requests without end, and as many connections as one address can hold."""

import asyncio
import contextlib

import wire
from lab import LIVEZ, Figure, all_of, fast_call

CONNECTIONS = 2000


async def headers(lab, lines):
    """2000 connections from eight addresses, with lines of 4 KB in heads that never end."""
    figures, sent = [], []
    line = b"X-A: " + b"a" * 3993 + b"\r\n"
    async with lab.gateway() as gateway:

        async def grow(attacker):
            reader, writer = await wire.connect(gateway.port, f"127.0.1.{1 + attacker % 8}")
            writer.write(b"GET /livez HTTP/1.1\r\nHost: 127.0.0.1\r\n")
            try:
                with contextlib.suppress(ConnectionError):
                    for _ in range(lines):
                        writer.write(line)
                        await writer.drain()
                sent.append(attacker)
                await reader.read()
            finally:
                writer.close()

        async with lab.bystander(gateway, figures, calls=fast_call(address=None), **{"/livez": LIVEZ}):
            await all_of(CONNECTIONS, grow, 8)
            figures.append(Figure("connections", len(sent), at_least=CONNECTIONS * 0.9))
        figures += gateway.memory_figures(240)
    return figures


def long_heads(lab):
    return headers(lab, lines=95)


def heads_just_allowed(lab):
    return headers(lab, lines=15)


async def one_address(lab):
    """One address holds all connections it can get, of a gateway that was started with few open files."""
    figures, held, tried = [], set(), []
    async with lab.gateway(open_files=(256, 4096)) as gateway:

        async def hold(attacker):
            while True:
                try:
                    async with asyncio.timeout(5):
                        reader, writer = await wire.connect(gateway.port, "127.0.0.2")
                except (TimeoutError, OSError):
                    # The error may come at once, as where no local port is free.
                    await asyncio.sleep(0.1)
                    continue
                finally:
                    tried.append(attacker)
                held.add(writer)
                # At the end of each it opens the next.
                with contextlib.suppress(ConnectionError):
                    await reader.read()
                held.discard(writer)
                writer.close()

        attack = asyncio.create_task(all_of(4200, hold, 10))
        await asyncio.sleep(3)
        # An address like any other: 127.0.0.1 is a trusted proxy, whose connections are not counted.
        probes = {"calls": fast_call(address=None), "/livez": LIVEZ}
        probes = {name: probe | {"source": "127.0.0.3"} for name, probe in probes.items()}
        async with lab.bystander(gateway, figures, **probes):
            await attack
        figures.append(Figure("connections tried", len(tried), at_least=4000))
        figures += gateway.memory_figures(200)
        for writer in held:
            writer.close()
    return figures
