"""The OAuth flows of the official Python SDK against a gateway whose access tokens expire after two seconds.

    BROWSER_USER=… BROWSER_PASSWORD=… python login.py 1|2 URL     (or BROWSER_KEY=… for a catalog behind access keys)
"""

import asyncio
import os
import sys
import traceback
import urllib.parse
import urllib.request
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

from mcp.client.auth import OAuthClientProvider
from mcp.client.streamable_http import streamable_http_client
from mcp.shared._httpx_utils import create_mcp_http_client
from mcp.shared.auth import OAuthClientMetadata

SDK, URL = sys.argv[1:]
USER = os.environ["BROWSER_USER"]
KEY = os.environ.get("BROWSER_KEY")
BROWSER = Path(__file__).parent.parent / "browser.mjs"


class Storage:
    """What an application keeps for the SDK, in memory."""

    tokens = client = None

    async def get_tokens(self):
        return self.tokens

    async def set_tokens(self, tokens):
        self.tokens = tokens

    async def get_client_info(self):
        return self.client

    async def set_client_info(self, client):
        self.client = client


class User:
    """Opens the login page, and waits at the address that the browser comes back to."""

    logins = 0
    returned = None

    async def serve(self):
        self.server = await asyncio.start_server(self.answer, "127.0.0.1", 0)
        port = self.server.sockets[0].getsockname()[1]
        self.redirect_uri = f"http://127.0.0.1:{port}/callback"

    async def answer(self, reader, writer):
        target = (await reader.readline()).decode().split(" ")[1]
        while (await reader.readline()).strip():
            pass
        self.returned = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(target).query))
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        await writer.drain()
        writer.close()

    async def open(self, url):
        self.logins += 1
        browser = await asyncio.create_subprocess_exec("node", str(BROWSER), url)
        assert await browser.wait() == 0, "the login page did not work"

    async def code(self):
        if SDK == "1":
            return self.returned["code"], self.returned["state"]
        from mcp.client.auth import AuthorizationCodeResult

        return AuthorizationCodeResult(**{name: self.returned[name] for name in ("code", "state", "iss")})


@asynccontextmanager
async def connect(auth):
    http = create_mcp_http_client(auth=auth)
    if SDK == "1":
        from mcp import ClientSession

        streams = streamable_http_client(URL, http_client=http)
        async with streams as (read, write, *_), ClientSession(read, write) as session:
            await session.initialize()
            yield session
    else:
        from mcp import Client

        async with Client(streamable_http_client(URL, http_client=http)) as client:
            yield client


async def whoami(session):
    """As who logged in: the holder of a key gets what the key may, a user is told who it is."""
    if KEY:
        found = (await session.call_tool("resolve_product", {"query": "а"})).model_dump(by_alias=True)
        assert found["structuredContent"]["candidates"], found
        return
    result = await session.call_tool("whoami", {})
    assert USER in result.content[0].text, repr(result)


def revoke(token):
    body = urllib.parse.urlencode({"token": token}).encode()
    with urllib.request.urlopen(urllib.parse.urljoin(URL, "revoke"), body) as answer:
        assert answer.status == 200


failed = 0


@contextmanager
def proof(does):
    global failed
    try:
        yield
    except Exception as error:
        failed += 1
        reason = "".join(traceback.format_exception(error)).strip()
        print(f"FAILED {does}\n       " + reason.replace("\n", "\n       "), file=sys.stderr)


async def flows(storage, user):
    metadata = OAuthClientMetadata(client_name="foreign client", redirect_uris=[user.redirect_uri])
    auth = OAuthClientProvider(URL, metadata, storage, user.open, user.code)
    async with connect(auth) as session:
        with proof("registers and logs in"):
            assert user.logins == 1
            assert storage.client.client_id
        with proof("lists the tools and calls one as the user who logged in"):
            assert (await session.list_tools()).tools
            await whoami(session)
        with proof("gets another token when the first has expired"):
            before = storage.tokens
            await asyncio.sleep(2.5)
            await whoami(session)
            assert storage.tokens.access_token != before.access_token
            assert storage.tokens.refresh_token != before.refresh_token
            assert user.logins == 1, f"{user.logins} logins"
        with proof("logs in again when its tokens were revoked"):
            before = storage.tokens
            await asyncio.to_thread(revoke, before.refresh_token)
            # Who validated the token a moment ago may remember it for a second.
            await asyncio.sleep(1.1)
            await whoami(session)
            assert user.logins == 2, f"{user.logins} logins"
            assert storage.tokens.access_token != before.access_token


async def main():
    user = User()
    await user.serve()
    with proof("connects"):
        await flows(Storage(), user)
    user.server.close()


asyncio.run(asyncio.wait_for(main(), 60))
print(f"Python SDK {SDK}.x, OAuth{' by key' if KEY else ''}:", f"{failed} checks failed" if failed else "all checks passed")
sys.exit(1 if failed else 0)
