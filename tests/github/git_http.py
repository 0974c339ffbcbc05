"""git's smart HTTP protocol, by `git http-backend`, with GitHub's rules on who may read and push."""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

from aiohttp import web

from tests.github.auth import git_caller, granted
from tests.github.git_backend import environment
from tests.github.handling import ApiError, Caller
from tests.github.refs import ref_moved
from tests.github.repository import Repository

if TYPE_CHECKING:
    from tests.github.state import State


Answered = tuple[int, dict[str, str], bytes]


def refuse(status: int, message: str) -> web.Response:
    headers = {"WWW-Authenticate": 'Basic realm="GitHub"'} if status == 401 else {}
    return web.Response(status=status, text=f"{message}\n", headers=headers)


async def serve_git(state: "State", request: web.Request) -> tuple[Caller, web.Response]:
    owner, name = request.match_info["owner"], request.match_info["name"].removesuffix(".git")
    writes = "git-receive-pack" in (request.match_info["service"], request.query.get("service"))
    try:
        caller = git_caller(state, request.headers)
    except ApiError as error:
        return Caller(), refuse(error.status, "Invalid username or token.")
    repository = state.find(owner, name)
    if repository is None and (moved := state.repositories.get(state.moved.get(f"{owner}/{name}".lower(), 0))):
        target = f"{moved.clone_url}/{request.match_info['service']}?{request.query_string}"
        return caller, web.Response(status=301, headers={"Location": target})
    need = f"contents:{'write' if writes else 'read'}"
    if repository is None or (repository.private and not caller.sees(repository)):
        return caller, refuse(404 if caller.token else 401, "Repository not found.")
    if not granted(caller, repository, need):
        return caller, refuse(403 if caller.token else 401, "Permission denied.")
    before = repository.git.refs("refs/") if writes else {}
    response = await backend(repository, request, caller)
    if writes and request.method == "POST" and caller.token:
        after, bot = repository.git.refs("refs/"), caller.token.installation.app.bot
        for ref in sorted(before.keys() | after.keys()):
            if before.get(ref) != after.get(ref):
                ref_moved(repository, ref, before.get(ref), after.get(ref), bot)
    return caller, response


async def backend(repository: Repository, request: web.Request, caller: Caller) -> web.Response:
    return await served(repository.git.path, request, "x-access-token" if caller.token else "")


# What git says that it can do, before anything is asked in the second version of its protocol: the configuration
# decides that, and no ref or object is in it (gitprotocol-v2), so it is asked once and not at each fetch.
_CAPABILITIES: dict[tuple[str, str, bytes], Answered] = {}


async def served(path: Path, request: web.Request, user: str) -> web.Response:
    """What `git http-backend` answers about the bare repository at `path`; the route of the request has `service`."""
    body = await request.read()
    protocol, config = request.headers.get("Git-Protocol", ""), path / "config"
    if request.query_string == "service=git-upload-pack" and protocol == "version=2" and config.exists():
        key = (user, protocol, config.read_bytes())
        known = _CAPABILITIES.get(key)
        if known is None:
            known = await _asked(path, request, user, body)
            if known[0] == 200:
                _CAPABILITIES[key] = known
    else:
        known = await _asked(path, request, user, body)
    status, headers, payload = known
    return web.Response(status=status, headers=headers, body=payload)


async def _asked(path: Path, request: web.Request, user: str, body: bytes) -> Answered:
    variables = environment(path) | {
        "GIT_PROJECT_ROOT": str(path.parent),
        "GIT_HTTP_EXPORT_ALL": "1",
        "PATH_INFO": f"/{path.name}/{request.match_info['service']}",
        "REQUEST_METHOD": request.method,
        "QUERY_STRING": request.query_string,
        "CONTENT_TYPE": request.headers.get("Content-Type", ""),
        "CONTENT_LENGTH": str(len(body)),
        "HTTP_CONTENT_ENCODING": request.headers.get("Content-Encoding", ""),
        "GIT_PROTOCOL": request.headers.get("Git-Protocol", ""),
        "REMOTE_ADDR": "127.0.0.1",
    }
    if user:
        variables["REMOTE_USER"] = user
    process = await asyncio.create_subprocess_exec(
        "git",
        "http-backend",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=variables,
    )
    try:
        output, errors = await process.communicate(body)
    except asyncio.CancelledError:
        process.kill()
        await process.wait()
        raise
    head, separator, payload = output.partition(b"\r\n\r\n")
    if not separator:
        return 500, {"Content-Type": "text/plain"}, errors
    headers = dict(line.split(": ", 1) for line in head.decode().splitlines())
    status = int(headers.pop("Status", "200").split()[0])
    return status, headers, payload
