"""The tools of the catalog through the official Python SDK, which checks each result against its output schema.

    python catalog.py 1|2 http URL
    python catalog.py 1|2 stdio COMMAND ARGUMENT...
"""

import asyncio
import json
import re
import sys
from contextlib import asynccontextmanager

from mcp import StdioServerParameters
from mcp.client.stdio import stdio_client
from mcp.client.streamable_http import streamable_http_client

SDK, TRANSPORT, *TARGET = sys.argv[1:]


@asynccontextmanager
async def connect():
    stdio = StdioServerParameters(command=TARGET[0], args=TARGET[1:])
    if SDK == "2":
        from mcp import Client

        async with Client(stdio if TRANSPORT == "stdio" else streamable_http_client(TARGET[0])) as client:
            yield client
        return
    from mcp import ClientSession

    streams = stdio_client(stdio) if TRANSPORT == "stdio" else streamable_http_client(TARGET[0])
    async with streams as (read, write, *_), ClientSession(read, write) as session:
        await session.initialize()
        yield session


def plain(result):
    return result.model_dump(mode="json", by_alias=True, exclude_none=True)


async def call(session, name, arguments):
    result = plain(await session.call_tool(name, arguments))
    assert not result.get("isError"), result
    assert json.loads(result["content"][0]["text"]) == result["structuredContent"]
    return result["structuredContent"]


async def main():
    async with connect() as session:
        # After this the SDK knows the output schemas, and raises for results that do not fit.
        tools = plain(await session.list_tools())["tools"]
        with_output = [tool for tool in tools if "outputSchema" in tool]
        assert len(with_output) >= 19, f"{len(tools)} tools, {len(with_output)} with an output schema"
        assert all(re.fullmatch(r"[A-Za-z0-9_-]{1,64}", tool["name"]) for tool in tools)

        assert (await call(session, "resolve_product", {"query": "а"}))["candidates"]
        period = {"from": "2026-07-01", "to": "2026-09-30"}
        rows = (await call(session, "top_products", {"period": period, "top": 5}))["rows"]
        assert len(rows) == 5
        filters = {"product_ids": [product["id"] for product, *_ in rows]}
        stock = await call(session, "stock_balance", {"filters": filters})
        assert any(column["name"] == "qty" for column in stock["columns"]), stock["columns"]

        # A tool of a catalog of one's own, whose name is Cyrillic.
        own = next(tool["name"] for tool in tools if tool.get("title") == "Поиск товара")
        assert (await call(session, own, {"query": "а"}))["candidates"]

        wrong = plain(await session.call_tool("top_products", {"period": period, "by": "colour"}))
        assert wrong["isError"] and "amount" in wrong["content"][0]["text"], wrong


asyncio.run(asyncio.wait_for(main(), 60))
print(f"Python SDK {SDK}.x over {TRANSPORT}, catalog: all checks passed")
