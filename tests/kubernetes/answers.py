"""One read request answered: full objects or their metadata, single ones or pages of a list."""

import base64
import binascii
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.kubernetes.kinds import Kind
from tests.kubernetes.objects import Store
from tests.kubernetes.status import bad_request, not_acceptable, not_found, too_old

Json = dict[str, Any]
PARTIAL = "PartialObjectMetadata"
PARTIAL_LIST = "PartialObjectMetadataList"


def wanted_form(accept: str) -> str:
    """'' for the object as it is, else the kind that the first acceptable media type asks for. Raises `Refused`."""
    for each in accept.split(",") if accept else ["*/*"]:
        media, *parameters = (part.strip() for part in each.split(";"))
        if media not in ("application/json", "application/*", "*/*"):
            continue
        given = dict(parameter.partition("=")[::2] for parameter in parameters)
        form = given.get("as", "")
        if not form:
            return ""
        if form in (PARTIAL, PARTIAL_LIST) and (given.get("g"), given.get("v")) == ("meta.k8s.io", "v1"):
            return form
    raise not_acceptable()


@dataclass
class Pages:
    """Lists that are being read page by page. Like etcd, it forgets old revisions: `compact`."""

    store: Store
    snapshots: dict[int, dict[str, list[Json]]] = field(default_factory=dict)

    def compact(self) -> None:
        """From now on every continue token handed out so far is too old."""
        self.snapshots.clear()

    def get(self, kind: Kind, namespace: str, name: str, form: str) -> Json:
        found = self.store.held(kind).get((namespace, name))
        if found is None:
            raise not_found(kind.resource, kind.group, name)
        if form == PARTIAL_LIST:
            raise not_acceptable(f"you requested {form}, but the requested object is not a list (*core.{kind.kind})")
        return partial(found) if form else found

    def page(self, kind: Kind, namespace: str | None, query: Mapping[str, str], form: str) -> Json:
        """`namespace` None lists all of them."""
        if form == PARTIAL:
            raise not_acceptable(f"you requested {form}, but the requested object is a list (*core.{kind.kind}List)")
        where = f"{kind.group}/{kind.resource}/{namespace or ''}"
        start, revision = "", self.store.revision
        token = query.get("continue", "")
        if token:
            if query.get("resourceVersion", "") not in ("", "0"):
                raise bad_request("specifying resource version is not allowed when using continue")
            revision, start = _read_token(token)
            if revision == -1:
                revision = self.store.revision
            elif where not in self.snapshots.get(revision, {}):
                raise too_old(_token(-1, start))
        items = self.snapshots.get(revision, {}).get(where) or self._now(kind, namespace)
        selected = [item for item in items if _selected(item, query)]
        rest = [item for item in selected if _key(item) >= start] if start else selected
        limit = _number(query.get("limit", "0"))
        page, left = (rest[:limit], rest[limit:]) if limit else (rest, [])
        metadata: Json = {"resourceVersion": str(revision)}
        if left:
            self.snapshots.setdefault(revision, {})[where] = items
            metadata["continue"] = _token(revision, _key(left[0]))
            if not query.get("labelSelector") and not query.get("fieldSelector"):
                metadata["remainingItemCount"] = len(left)
        if form:
            return {
                "kind": PARTIAL_LIST,
                "apiVersion": "meta.k8s.io/v1",
                "metadata": metadata,
                # Null for an empty list: the conversion appends to a nil slice (`asPartialObjectMetadataList`).
                "items": [partial(item) for item in page] or None,
            }
        bare = page if kind.custom else [_without_kind(item) for item in page]
        return {"kind": f"{kind.kind}List", "apiVersion": kind.api_version, "metadata": metadata, "items": bare}

    def _now(self, kind: Kind, namespace: str | None) -> list[Json]:
        held = self.store.held(kind)
        return [held[key] for key in sorted(held) if namespace is None or key[0] == namespace]


def partial(item: Json) -> Json:
    return {"kind": PARTIAL, "apiVersion": "meta.k8s.io/v1", "metadata": item["metadata"]}


def _without_kind(item: Json) -> Json:
    return {key: value for key, value in item.items() if key not in ("apiVersion", "kind")}


def _key(item: Json) -> str:
    metadata = item["metadata"]
    return f"{metadata.get('namespace', '')}/{metadata['name']}"


def _token(revision: int, start: str) -> str:
    text = json.dumps({"v": "meta.k8s.io/v1", "rv": revision, "start": start}, separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _read_token(token: str) -> tuple[int, str]:
    try:
        found = json.loads(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
        return int(found["rv"]), str(found["start"])
    except (binascii.Error, ValueError, KeyError, TypeError):
        raise bad_request("continue key is not valid: it is not a token of this server") from None


def _number(text: str) -> int:
    if not re.fullmatch(r"-?\d+", text):
        raise bad_request(f'strconv.ParseInt: parsing "{text}": invalid syntax')
    return max(0, int(text))


def _selected(item: Json, query: Mapping[str, str]) -> bool:
    metadata = item["metadata"]
    fields = {"metadata.name": metadata["name"], "metadata.namespace": metadata.get("namespace", "")}
    for each in filter(None, query.get("fieldSelector", "").split(",")):
        name, _, value = each.partition("=")
        if name not in fields:
            raise bad_request(f'Unable to find "{name}" that matches field selector "{each}"')
        if fields[name] != value.removeprefix("="):
            return False
    labels = metadata.get("labels", {})
    for each in filter(None, query.get("labelSelector", "").split(",")):
        name, equal, value = each.partition("=")
        if name not in labels or (equal and labels[name] != value.removeprefix("=")):
            return False
    return True
