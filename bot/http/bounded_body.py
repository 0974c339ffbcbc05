"""Reading an HTTP answer's body without trusting its length."""

from __future__ import annotations

import aiohttp


async def read_at_most(response: aiohttp.ClientResponse, limit: int) -> bytes | None:
    """The whole body, decompressed; None (and the connection closed) as soon as it exceeds `limit` bytes.

    Raises what aiohttp raises when the body breaks off.
    """
    body = bytearray()
    async for chunk in response.content.iter_chunked(2**16):
        body += chunk
        if len(body) > limit:
            response.close()
            return None
    return bytes(body)
