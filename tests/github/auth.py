"""Who is asking, and may they."""

import base64
import binascii
import time
from collections.abc import Mapping

import jwt

from tests.github.handling import ApiError, Call, Caller, Route
from tests.github.repository import Repository
from tests.github.state import LEVELS, App, State, Token

LEEWAY = 60
LONGEST = 600


def authenticate(state: State, headers: Mapping[str, str]) -> Caller:
    """Reads the Authorization header of an API request. One that does not hold is always refused."""
    value = headers.get("Authorization")
    if value is None:
        return Caller()
    scheme, _, credential = value.partition(" ")
    if scheme.lower() not in ("bearer", "token"):
        raise ApiError(401, "Bad credentials")
    if credential.count(".") == 2 and scheme.lower() == "bearer":
        return Caller(app=application(state, credential))
    return Caller(token=token(state, credential))


def application(state: State, credential: str) -> App:
    """The App whose key signed the JWT. Real time counts here, as it does for the client that made it."""
    apps = {str(key): item for item in state.apps for key in (item.id, item.client_id)}
    try:
        unverified = jwt.decode(credential, options={"verify_signature": False})
        app = apps.get(str(unverified.get("iss")))
        if app is None:
            raise ApiError(404, "Integration not found")
        claims = jwt.decode(
            credential,
            app.public_key,
            algorithms=["RS256"],
            leeway=LEEWAY,
            options={"require": ["iat", "exp", "iss"], "verify_iat": False},
        )
    except jwt.ExpiredSignatureError:
        raise ApiError(401, "'Expiration time' claim ('exp') must be a numeric value in the future") from None
    except jwt.PyJWTError:
        raise ApiError(401, "A JSON web token could not be decoded") from None
    now = time.time()
    if claims["exp"] > now + LONGEST + LEEWAY or claims["exp"] - claims["iat"] > LONGEST + 2 * LEEWAY:
        raise ApiError(401, "'Expiration time' claim ('exp') is too far in the future")
    if claims["iat"] > now + LEEWAY:
        raise ApiError(
            401, "'Issued at' claim ('iat') must be an Integer representing the time that the assertion was issued"
        )
    return app


def token(state: State, credential: str) -> Token:
    known = state.tokens.get(credential)
    if known is None or known.installation.deleted or known.expires_at <= state.clock():
        raise ApiError(401, "Bad credentials")
    if known.installation.suspended_at:
        raise ApiError(403, "This installation has been suspended")
    return known


def authorize(call: Call, route: Route) -> None:
    """Raises what GitHub answers when the caller may not see the repository or do this to it."""
    needs, caller = route.needs, call.caller
    if "app" in needs:
        if caller.app is None:
            raise ApiError(
                401, "A JSON web token could not be decoded" if caller.token else "Requires authentication"
            )
        return
    if caller.app is not None:
        raise (
            ApiError(403, "Resource not accessible by integration")
            if call.repository
            else ApiError(401, "Bad credentials")
        )
    if "token" in needs:
        if caller.token is None:
            raise ApiError(401, "Requires authentication")
        return
    if call.repository is None:
        return
    if not caller.sees(call.repository):
        raise ApiError(404, "Not Found")
    if needs and not any(granted(caller, call.repository, need) for need in needs):
        if caller.token is None:
            raise ApiError(401, "Requires authentication")
        raise ApiError(403, "Resource not accessible by integration", headers=_accepted(needs))
    if call.repository.archived and call.operation.method != "GET":
        raise ApiError(403, "Repository was archived so is read-only.")


def _accepted(needs: tuple[str, ...]) -> dict[str, str]:
    return {"X-Accepted-GitHub-Permissions": "; ".join(need.replace(":", "=") for need in needs)}


def granted(caller: Caller, repository: Repository, need: str) -> bool:
    name, _, level = need.partition(":")
    if level == "read" and not repository.private:
        return True
    if caller.token is None or not caller.token.covers(repository):
        return False
    permissions = caller.token.installation.permissions
    held = min(LEVELS.get(caller.token.permissions.get(name, ""), 0), LEVELS.get(permissions.get(name, ""), 0))
    return held >= LEVELS[level]


def git_caller(state: State, headers: Mapping[str, str]) -> Caller:
    """Basic authentication of a git client: `x-access-token` and an installation token."""
    value = headers.get("Authorization")
    if value is None:
        return Caller()
    scheme, _, credential = value.partition(" ")
    try:
        login, colon, password = base64.b64decode(credential, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        raise ApiError(401, "Bad credentials") from None
    if scheme.lower() != "basic" or not colon or login != "x-access-token":
        raise ApiError(401, "Bad credentials")
    return Caller(token=token(state, password))
