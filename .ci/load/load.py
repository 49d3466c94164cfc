"""Runs the scenarios one after another: see `run`."""

import argparse
import asyncio
import resource
import shutil
import sys
import time
from pathlib import Path

import connections
import identity
import memory
import work
from lab import OUT, Lab

# A title, and what goes on beside the normal client.
SCENARIOS = {
    "quiet": work.quiet,
    "guesses-from-one": identity.guesses_from_one,
    "guesses-from-many": identity.guesses_from_many,
    "slow-logins": identity.slow_logins,
    "slow-calls": work.slow_calls,
    "slow-bodies-from-one": memory.slow_bodies_from_one,
    "slow-bodies-from-many": memory.slow_bodies_from_many,
    "slow-readers": memory.slow_readers,
    "event-streams": memory.event_streams,
    "subscriptions": memory.subscriptions,
    "long-heads": connections.long_heads,
    "heads-just-allowed": connections.heads_just_allowed,
    "one-address": connections.one_address,
    "lists": work.lists,
    "registrations": identity.registrations,
    "without-token": identity.without_token,
}
# Takes a minute, most of which is waiting: it runs beside all others.
BESIDE = {"stalled": memory.stalled}


def told(name, figures, seconds):
    print(f"{name}: " + "; ".join(map(str, figures)) + f" [{seconds:.0f} s]", flush=True)
    return all(figure.holds() for figure in figures)


async def run(lab, name, scenario):
    start = time.monotonic()
    lab.name = name
    try:
        async with asyncio.timeout(100):
            figures = await scenario(lab)
    except Exception as error:
        print(f"{name}: BROKEN: {type(error).__name__}: {error}", flush=True)
        return False
    return told(name, figures, time.monotonic() - start)


async def main():
    parser = argparse.ArgumentParser(prog="load", description=__doc__)
    parser.add_argument("gateway", type=Path)
    parser.add_argument("scenarios", nargs="*", metavar="scenario", help=" ".join({**SCENARIOS, **BESIDE}))
    parser.add_argument("--report", action="store_true", help="print the figures; fail for none of them")
    asked = parser.parse_intermixed_args()
    wanted = asked.scenarios or [*SCENARIOS, *BESIDE]
    unknown = [name for name in wanted if name not in {**SCENARIOS, **BESIDE}]
    if unknown:
        parser.error(f"no such scenario: {' '.join(unknown)}")
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    if hard < 10_000:
        print(f"skipped: only {hard} files may be open here, and the attacks need 10000")
        return 77
    shutil.rmtree(OUT, ignore_errors=True)
    lab = Lab(asked.gateway.resolve())
    async with lab.start_onec():
        beside = {name: asyncio.create_task(run(lab, name, BESIDE[name])) for name in wanted if name in BESIDE}
        held = {name: await run(lab, name, SCENARIOS[name]) for name in wanted if name in SCENARIOS}
        held |= {name: await task for name, task in beside.items()}
    broken = [name for name, is_held in held.items() if not is_held]
    print(f"{len(held) - len(broken)} attacks held off, {len(broken)} not" + "".join(f"; {name}" for name in broken))
    return 0 if asked.report else min(len(broken), 1)


sys.exit(asyncio.run(main()))
