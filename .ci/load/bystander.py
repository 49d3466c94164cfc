"""A normal client, in a process of its own so that it waits for nothing but the gateway.

    bystander.py '{"port": 8000, "probes": {"livez": {"method": "GET", "path": "/livez", "every": 0.2}}}'

Prints a line when each probe was sent and answered once, and goes on with all of them until its input ends. Then it
prints for each how many answers came, how many were not as expected (`status`, else 200; `holds`, a text within),
which, and the worst time in seconds.
"""

import asyncio
import collections
import json
import sys
import time

import wire

PATIENCE = 10


async def probe(port, spec, seen, begun, stop):
    body = spec["body"].encode() if "body" in spec else None
    asked = (port, spec["method"], spec["path"], spec.get("headers"), body, spec.get("source"))
    while not stop.is_set():
        start = time.monotonic()
        try:
            if spec.get("stream"):
                async with asyncio.timeout(PATIENCE):
                    status, text, _, writer = await wire.stream(*asked)
                    writer.close()
            else:
                got = await wire.request(*asked, within=PATIENCE)
                status, text = got.status, got.body.decode()
            fits = status == spec.get("status", 200) and spec.get("holds", "") in text
            how = "" if fits else f"{status}"
        except TimeoutError:
            how = f"nothing within {PATIENCE} s"
        except (OSError, asyncio.IncompleteReadError) as error:
            how = type(error).__name__
        seen["sent"] += 1
        seen["worst"] = max(seen["worst"], time.monotonic() - start)
        if how:
            seen["failed"][how] += 1
        begun.set()
        await asyncio.sleep(spec["every"])


async def main(setup):
    stop = asyncio.Event()
    seen = {name: {"sent": 0, "worst": 0.0, "failed": collections.Counter()} for name in setup["probes"]}
    begun = {name: asyncio.Event() for name in setup["probes"]}
    async with asyncio.TaskGroup() as probes:
        for name, spec in setup["probes"].items():
            probes.create_task(probe(setup["port"], spec, seen[name], begun[name], stop))
        for event in begun.values():
            await event.wait()
        print("begun", flush=True)
        await asyncio.to_thread(sys.stdin.read)
        stop.set()
    print(json.dumps(seen))


asyncio.run(main(json.loads(sys.argv[1])))
