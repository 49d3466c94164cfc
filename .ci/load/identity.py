"""Attacks on who may get in: guesses at a password, registrations, requests without a token."""

import asyncio
import base64
import hashlib
import json
import random
import re
from urllib.parse import parse_qs, urlencode, urlsplit

import wire
from lab import HEALTH, LIVEZ, Figure, all_of, fast_call, own_login, said

GUESSING = 7
# A store that new clients alone fill takes no further ones for ten minutes: its ceiling is 50 000.
REGISTRATIONS = 45_000


def anywhere():
    """An address of a large network."""
    return f"10.{random.randrange(256)}.{random.randrange(256)}.{random.randrange(1, 255)}"


async def guesses(lab, address, most):
    """Strangers guess at the owner's password, as fast as they can, while the owner logs in time and again."""
    figures, statuses = [], []
    async with lab.gateway("--auth-mode", "oauth2") as gateway:
        token = await gateway.login("owner", "right", "192.0.2.7")

        async def guess(attacker):
            line = wire.Line(gateway.port)
            while True:
                word = f"{attacker}-{random.random()}"
                headers, body = wire.form(grant_type="password", username="owner", password=word)
                statuses.append((await line.ask("POST", "/token", headers | said(address()), body)).status)

        probes = {
            "owner's logins": own_login(),
            "owner's logins elsewhere": own_login("198.51.100.9", every=1),
            "calls": fast_call(token),
            "/livez": LIVEZ,
        }
        async with lab.bystander(gateway, figures, **probes):
            await all_of(8, guess, GUESSING)
        reached = await gateway.refused_logins("owner")
        figures.append(Figure("guesses", len(statuses), at_least=30))
        figures.append(Figure("right", statuses.count(200), at_most=0))
        figures.append(Figure("of them at 1C", reached, at_most=most))
        figures += gateway.memory_figures(150)
    return figures


def guesses_from_one(lab):
    return guesses(lab, lambda: "203.0.113.5", most=30)


def guesses_from_many(lab):
    return guesses(lab, anywhere, most=150)


async def slow_logins(lab):
    """One address has 80 logins at any time, each of another user, at a 1C that is slow to refuse them."""
    figures, statuses = [], []
    async with lab.gateway("--auth-mode", "oauth2", infobase="sleepy") as gateway:
        token = await gateway.login("owner", "right", "192.0.2.7")

        async def log_in(attacker):
            while True:
                headers, body = wire.form(grant_type="password", username=f"{random.random()}", password="x")
                got = await wire.request(gateway.port, "POST", "/token", headers | said("203.0.113.5"), body, within=60)
                statuses.append(got.status)
                await asyncio.sleep(0.1)

        attack = asyncio.create_task(all_of(80, log_in, 6))
        await asyncio.sleep(1)
        probes = {
            "owner's logins": own_login(),
            "owner's logins elsewhere": own_login("198.51.100.9", every=1),
            "calls": fast_call(token),
            "/livez": LIVEZ,
            "/health": HEALTH,
        }
        async with lab.bystander(gateway, figures, **probes):
            await attack
        figures.append(Figure("logins", len(statuses), at_least=80, note=f"{statuses.count(503)} found no place"))
        figures += gateway.memory_figures(150)
    return figures


async def registrations(lab):
    """Strangers register clients, as large as they may be, while a client registers, waits and logs its user in."""
    figures, taken, waits = [], [], []
    async with lab.gateway("--auth-mode", "oauth2") as gateway:
        token = await gateway.login("owner", "right", "192.0.2.7")

        async def register(attacker):
            line, turn = wire.Line(gateway.port), 0
            while len(taken) < REGISTRATIONS:
                turn += 1
                document = {"redirect_uris": [f"http://127.0.0.1/{turn}-{attacker}/{'z' * 1900}"]}
                got = await line.ask("POST", "/register", JSON | said(anywhere()), json.dumps(document).encode())
                taken.append(got.status == 201)

        async def real_client():
            start = asyncio.get_running_loop().time()
            assert await log_in(gateway, f"198.51.100.{len(waits)}", pause=3)
            waits.append(asyncio.get_running_loop().time() - start - 3)

        async with lab.bystander(gateway, figures, calls=fast_call(token), **{"/livez": LIVEZ}):
            attack = asyncio.create_task(all_of(16, register, 14))
            failed = sum([await failure(real_client()) for _ in range(3)])
            await attack
        figures.append(Figure("clients that registered and logged in", 3 - failed, "of 3", at_least=3))
        figures.append(Figure("worst", max(waits, default=0), "s", at_most=5))
        figures.append(Figure("registrations", sum(taken), at_least=1000, note=f"{len(taken)} tried"))
        figures += gateway.memory_figures(300)
    return figures


JSON = {"Content-Type": "application/json"}


async def failure(work):
    try:
        await work
    except (AssertionError, OSError, asyncio.IncompleteReadError, TimeoutError):
        return True
    return False


async def log_in(gateway, address, pause=0):
    """Registers a client and takes its user through the login page; an access token."""
    document = {"redirect_uris": ["http://127.0.0.1/back"], "client_name": "Editor"}
    got = await wire.request(gateway.port, "POST", "/register", JSON | said(address), json.dumps(document).encode())
    assert got.status == 201, got.body
    client = got.json()["client_id"]
    await asyncio.sleep(pause)
    verifier = "v" * 43
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    asked = {"response_type": "code", "client_id": client, "redirect_uri": "http://127.0.0.1/back", "scope": "mcp"}
    asked |= {"code_challenge": challenge, "code_challenge_method": "S256"}
    page = await wire.request(gateway.port, "GET", f"/authorize?{urlencode(asked)}", said(address))
    assert page.status == 200, page.body
    cookie = page.headers["set-cookie"].split(";")[0]
    [token] = re.findall(r'name="csrf" value="([^"]*)"', page.body.decode())
    headers, body = wire.form(**asked, csrf=token, action="allow", username="owner", password="right")
    sent = await wire.request(gateway.port, "POST", "/authorize", headers | said(address) | {"Cookie": cookie}, body)
    assert sent.status in (302, 303), sent.body
    code = parse_qs(urlsplit(sent.headers["location"]).query)["code"][0]
    redeemed = {"code": code, "code_verifier": verifier, "client_id": client, "redirect_uri": asked["redirect_uri"]}
    headers, body = wire.form(grant_type="authorization_code", **redeemed)
    got = await wire.request(gateway.port, "POST", "/token", headers | said(address), body)
    assert got.status == 200, got.body
    return got.json()["access_token"]


async def without_token(lab):
    """Strangers call without a token, as fast as they can. The log must not be what gives in."""
    figures, answers = [], []
    async with lab.gateway("--auth-mode", "oauth2") as gateway:
        token = await gateway.login("owner", "right", "192.0.2.7")

        async def knock(attacker):
            line, (headers, body) = wire.Line(gateway.port), wire.called("fast")
            while True:
                got = await line.ask("POST", "/mcp", headers | said(f"203.0.113.{attacker}"), body)
                answers.append(got.status)

        before = gateway.logged()
        await all_of(8, knock, 5)
        await asyncio.sleep(0.2)
        written = gateway.logged() - before
        rate = written / 5 * 86400 / 1e9
        figures.append(Figure("requests", len(answers), at_least=1000))
        figures.append(Figure("refused (401)", answers.count(401), at_least=len(answers)))
        figures.append(Figure("log", written / 1024, "KiB", at_most=100, note=f"{rate:.1f} GB a day"))
        async with lab.bystander(gateway, figures, calls=fast_call(token), **{"/livez": LIVEZ, "/health": HEALTH}):
            await all_of(8, knock, 3)
        figures += gateway.memory_figures(150)
    return figures
