"""What a scenario works with: a gateway, a 1C behind it, a normal client beside it, and what they are measured by."""

import asyncio
import contextlib
import json
import os
import re
import resource
import sys
from dataclasses import dataclass
from pathlib import Path

import wire

HERE = Path(__file__).parent
OUT = HERE.parent / "out" / "load"
# Of the machine, which may be busy, not of the gateway.
PATIENCE = 15
# What a normal client waits for an answer, in seconds.
WORST = 5


@dataclass
class Figure:
    """One thing measured, and what it must not be beyond."""

    name: str
    value: float
    unit: str = ""
    at_most: float | None = None
    at_least: float | None = None
    note: str = ""

    def holds(self):
        above = self.at_most is not None and self.value > self.at_most
        below = self.at_least is not None and self.value < self.at_least
        return not (above or below)

    def __str__(self):
        value = f"{self.value:.2f}" if self.unit == "s" else f"{self.value:.0f}"
        text = f"{self.name} {value} {self.unit}".rstrip() + (f" ({self.note})" if self.note else "")
        if self.holds():
            return text
        bounds = {"at most": self.at_most, "at least": self.at_least}
        told = [f"{words} {bound:g}" for words, bound in bounds.items() if bound is not None]
        return f"{text} BROKEN: {', '.join(told)}"


class Gateway:
    def __init__(self, process, port, log, onec):
        self.process, self.port, self.log, self.onec = process, port, log, onec

    def memory(self, what):
        """Resident memory in MiB: `VmHWM` at its peak, `VmRSS` now."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(rf"^{what}:\s*(\d+) kB", status, re.M)[1]) / 1024

    def sockets(self):
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))

    def logged(self):
        return self.log.stat().st_size

    def memory_figures(self, peak):
        return [
            Figure("peak memory", self.memory("VmHWM"), "MiB", at_most=peak),
            Figure("then", self.memory("VmRSS"), "MiB"),
        ]

    async def refused_logins(self, user):
        """How many wrong logins of a user came as far as 1C."""
        return (await wire.request(self.onec, "GET", "/asked")).json().get(user, 0)

    async def login(self, user, password, address=None):
        headers, body = wire.form(grant_type="password", username=user, password=password)
        answer = await wire.request(self.port, "POST", "/token", headers | said(address), body, within=PATIENCE)
        assert answer.status == 200, (answer.status, answer.body)
        return answer.json()["access_token"]


def said(address):
    """The address that a trusted proxy says."""
    return {"X-Forwarded-For": address} if address else {}


class Lab:
    """Starts processes and ends them."""

    def __init__(self, binary):
        self.binary, self.name, self.onec = binary, "", None
        OUT.mkdir(parents=True, exist_ok=True)

    @contextlib.asynccontextmanager
    async def start_onec(self):
        onec = await asyncio.create_subprocess_exec(sys.executable, HERE / "onec.py", stdout=asyncio.subprocess.PIPE)
        try:
            self.onec = int(await onec.stdout.readline())
            yield
        finally:
            await end(onec)

    @contextlib.asynccontextmanager
    async def gateway(self, *arguments, infobase="base", open_files=None, name=None, **settings):
        """A gateway in front of the stand-in, on a free port, that believes what 127.0.0.1 forwards."""
        log = OUT / f"{name or self.name}.log"
        environment = {name: value for name, value in os.environ.items() if not name.startswith("MCP_")}
        environment |= {"MCP_ONEC_PASSWORD": "service", "MCP_TRUSTED_PROXIES": "127.0.0.1", "MCP_LOG_LEVEL": "INFO"}
        command = [self.binary, "http", "--port", "0", "--onec-username", "gateway"]
        command += ["--onec-url", f"http://127.0.0.1:{self.onec}/{infobase}", *arguments]
        limit = open_files and (lambda: resource.setrlimit(resource.RLIMIT_NOFILE, open_files))
        with log.open("wb") as file:
            process = await asyncio.create_subprocess_exec(
                *command,
                stdin=asyncio.subprocess.DEVNULL,
                stderr=file,
                cwd=OUT,
                env=environment | settings,
                preexec_fn=limit,
            )
        try:
            yield Gateway(process, await listening(process, log), log, self.onec)
        finally:
            await end(process)

    @contextlib.asynccontextmanager
    async def bystander(self, gateway, figures, **probes):
        """A normal client for as long as the block lasts. All that it asks is answered, and in time; of a probe that
        `may_fail` one at least, and a refusal comes in time too."""
        setup = json.dumps({"port": gateway.port, "probes": probes})
        pipe = asyncio.subprocess.PIPE
        client = await asyncio.create_subprocess_exec(
            sys.executable, HERE / "bystander.py", setup, stdin=pipe, stdout=pipe, limit=1 << 20
        )
        try:
            # What an attack does depends on who was there before it, and a busy machine takes its time to start a process.
            await client.stdout.readline()
            yield
            output, _ = await client.communicate(b"")
        finally:
            await end(client)
        for name, seen in json.loads(output).items():
            sent, failed = seen["sent"], seen["failed"]
            may_fail, how = probes[name].get("may_fail"), " ".join(f"{how}: {count}" for how, count in failed.items())
            least = 1 if may_fail else max(sent, 1)
            figures.append(Figure(name, sent - sum(failed.values()), f"of {sent}", at_least=least, note=how))
            figures.append(Figure("worst", seen["worst"], "s", at_most=WORST))


async def listening(process, log):
    for _ in range(PATIENCE * 20):
        found = re.search(r"listening on http://127\.0\.0\.1:(\d+)", log.read_text("utf-8"))
        if found:
            return int(found[1])
        if process.returncode is not None:
            break
        await asyncio.sleep(0.05)
    raise SystemExit(f"the gateway did not come up:\n{log.read_text('utf-8')}")


async def end(process):
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
    await process.wait()


# What a normal client asks for.
LIVEZ = {"method": "GET", "path": "/livez", "every": 0.2}
HEALTH = {"method": "GET", "path": "/health", "every": 0.3}


def fast_call(token=None, address="192.0.2.7", **more):
    headers, body = wire.called("fast", token, **said(address))
    sent = {"method": "POST", "path": "/mcp", "headers": headers, "body": body.decode()}
    return sent | {"holds": "готово", "every": 0.2} | more


def own_login(address="192.0.2.7", every=0.6):
    headers, body = wire.form(grant_type="password", username="owner", password="right")
    sent = {"method": "POST", "path": "/token", "headers": headers | said(address), "body": body.decode()}
    return sent | {"every": every}


async def all_of(count, attack, seconds):
    """Runs `attack(number)` so many times at once, for so long, whatever becomes of them."""
    tasks = [asyncio.create_task(attack(number)) for number in range(count)]
    await asyncio.sleep(seconds)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
