"""The Git Data API, on real repositories: blobs, trees, commits, refs."""

import base64
import binascii
import re
from typing import Any

from tests.github import payloads
from tests.github.git_backend import Entry, Signature
from tests.github.handling import Answer, ApiError, Call, found, operation
from tests.github.refs import move_ref
from tests.github.repository import Repository
from tests.github.rulesets import enforce

Json = dict[str, Any]

MODES = {"100644": "blob", "100755": "blob", "120000": "blob", "040000": "tree", "160000": "commit"}
MAX_ENTRIES = 100_000


def ref_of(call: Call) -> str:
    return f"refs/{call.path['ref']}"


def show_ref(repo: Repository, ref: str, sha: str) -> Json:
    api = f"{repo.state.api_url}/repos/{repo.full_name}/git"
    kind = repo.git.kind(sha) or "commit"
    target = {"type": kind, "sha": sha, "url": f"{api}/{kind}s/{sha}"}
    return {"ref": ref, "node_id": f"REF_{ref}", "url": f"{api}/{ref}", "object": target}


def existing(call: Call) -> tuple[str, str]:
    ref = ref_of(call)
    return ref, found(call.repo.git.refs(ref).get(ref))


@operation("git/get-ref", "contents:read")
def get_ref(call: Call) -> Answer:
    return Answer(200, show_ref(call.repo, *existing(call)))


@operation("git/list-matching-refs", "contents:read")
def matching_refs(call: Call) -> Answer:
    refs = {name: sha for name, sha in call.repo.git.refs("refs/").items() if name.startswith(ref_of(call))}
    return Answer(200, [show_ref(call.repo, name, sha) for name, sha in sorted(refs.items())])


@operation("git/create-ref", "contents:write")
def create_ref(call: Call) -> Answer:
    ref, sha = call.body["ref"], call.body["sha"]
    if not ref.startswith("refs/") or ref.count("/") < 2 or not call.repo.git.valid_ref(ref):
        raise ApiError(
            422, f"Reference name '{ref}' is not valid." if "/" in ref else "Reference name must start with 'refs/'."
        )
    if not ref.startswith(("refs/heads/", "refs/tags/")):
        raise ApiError(422, "Reference cannot be created")
    refs = call.repo.git.refs("refs/")
    if ref in refs:
        raise ApiError(422, "Reference already exists")
    # git keeps refs as files: `a` and `a/b` cannot both be there.
    if any(name.startswith(f"{ref}/") or ref.startswith(f"{name}/") for name in refs):
        raise ApiError(422, "Reference cannot be created: it conflicts with an existing reference")
    if not full_sha(sha) or call.repo.git.kind(sha) is None:
        raise ApiError(422, "Object does not exist")
    enforce(call, ref, None, sha)
    move_ref(call.repo, ref, sha, call.bot)
    return Answer(201, show_ref(call.repo, ref, sha))


@operation("git/update-ref", "contents:write")
def update_ref(call: Call) -> Answer:
    ref, sha, repo = ref_of(call), call.body["sha"], call.repo
    before = repo.git.refs(ref).get(ref)
    if before is None:
        raise ApiError(422, "Reference does not exist")
    if not full_sha(sha) or repo.git.kind(sha) is None:
        raise ApiError(422, "Object does not exist")
    if not call.body.get("force", False) and not repo.git.is_ancestor(before, sha):
        raise ApiError(422, "Update is not a fast forward")
    enforce(call, ref, before, sha, force=call.body.get("force", False))
    move_ref(repo, ref, sha, call.bot)
    return Answer(200, show_ref(repo, ref, sha))


@operation("git/delete-ref", "contents:write")
def delete_ref(call: Call) -> Answer:
    ref = ref_of(call)
    if ref not in call.repo.git.refs(ref):
        raise ApiError(422, "Reference does not exist")
    enforce(call, ref, call.repo.git.refs(ref)[ref], None)
    move_ref(call.repo, ref, None, call.bot)
    return Answer(204)


def full_sha(sha: str) -> bool:
    return re.fullmatch(r"[0-9a-f]{40}", sha) is not None


@operation("git/create-blob", "contents:write")
def create_blob(call: Call) -> Answer:
    content: str = call.body["content"]
    try:
        encoded = call.body.get("encoding", "utf-8") == "base64"
        data = base64.b64decode(content.replace("\n", ""), validate=True) if encoded else content.encode()
    except (binascii.Error, UnicodeEncodeError):
        raise ApiError(422, "content is not valid Base64") from None
    sha = call.repo.git.blob(data)
    return Answer(201, {"sha": sha, "url": f"{call.state.api_url}/repos/{call.repo.full_name}/git/blobs/{sha}"})


@operation("git/get-blob", "contents:read")
def get_blob(call: Call) -> Answer:
    sha = call.path["file_sha"]
    if not full_sha(sha):
        raise ApiError(422, "The sha parameter must be exactly 40 characters and contain only [0-9a-f].")
    if call.repo.git.kind(sha) != "blob":
        raise ApiError(404, "Not Found")
    data = call.repo.git.read(sha)
    return Answer(
        200,
        {
            "sha": sha,
            "node_id": f"B_{sha}",
            "size": len(data),
            "url": f"{call.state.api_url}/repos/{call.repo.full_name}/git/blobs/{sha}",
            "content": base64.encodebytes(data).decode(),
            "encoding": "base64",
        },
    )


def show_tree(repo: Repository, sha: str, entries: list[Entry]) -> Json:
    api = f"{repo.state.api_url}/repos/{repo.full_name}/git"
    shown = []
    for item in entries[:MAX_ENTRIES]:
        entry: Json = {"path": item.path, "mode": item.mode, "type": item.type, "sha": item.sha}
        if item.type != "commit":
            entry["url"] = f"{api}/{item.type}s/{item.sha}"
        if item.size is not None:
            entry["size"] = item.size
        shown.append(entry)
    return {"sha": sha, "url": f"{api}/trees/{sha}", "tree": shown, "truncated": len(entries) > MAX_ENTRIES}


@operation("git/get-tree", "contents:read")
def get_tree(call: Call) -> Answer:
    name = call.path["tree_sha"]
    sha = found(call.repo.git.resolve(name, "tree"))
    entries = call.repo.git.entries(sha, recursive="recursive" in call.query, with_trees="recursive" in call.query)
    return Answer(200, show_tree(call.repo, sha, entries))


@operation("git/create-tree", "contents:write")
def create_tree(call: Call) -> Answer:
    git = call.repo.git
    base = call.body.get("base_tree")
    if base is not None:
        base = git.resolve(base, "tree")
        if base is None:
            raise ApiError(404, "Not Found")
    if not call.body["tree"]:
        raise ApiError(422, "Invalid tree info")
    changes: list[tuple[str, str, str | None]] = []
    known = {item.path: item for item in git.entries(base, recursive=True)} if base else {}
    for entry in call.body["tree"]:
        path, mode = entry.get("path", ""), entry.get("mode", "")
        if "sha" in entry and "content" in entry:
            raise ApiError(422, "Must supply either tree.sha or tree.content")
        if not path or path.startswith("/") or {"", ".", "..", ".git"} & set(path.split("/")) or mode not in MODES:
            raise ApiError(
                422,
                "tree.path contains a malformed path component" if mode in MODES else "Must supply a valid tree.mode",
            )
        if "content" in entry:
            sha = git.blob(entry["content"].encode())
        elif "sha" in entry and entry["sha"] is None:
            gone = [path] if path in known else [name for name in known if name.startswith(f"{path}/")]
            if not gone:
                raise ApiError(422, "GitRPC::BadObjectState")
            changes += [(name, mode, None) for name in gone]
            continue
        else:
            sha = entry.get("sha", "")
            if mode != "160000" and git.kind(sha) != MODES[mode]:
                raise ApiError(422, f"tree.sha {sha} is not a valid {MODES[mode]}")
        changes.append((path, mode, sha))
    sha = git.tree(base, changes)
    return Answer(201, show_tree(call.repo, sha, git.entries(sha, recursive=False)))


@operation("git/create-commit", "contents:write")
def create_commit(call: Call) -> Answer:
    """A commit of the App without an author or committer of its own is signed by GitHub; any other is not."""
    git, body = call.repo.git, call.body
    if git.kind(body["tree"]) != "tree":
        raise ApiError(422, "Tree SHA does not exist")
    parents = body.get("parents", [])
    for sha in parents:
        if not full_sha(sha) or git.kind(sha) != "commit":
            raise ApiError(422, "Parent SHA does not exist or is not a commit object")
    bot = Signature(call.bot.login, call.bot.email, call.state.now())
    github = Signature("GitHub", "noreply@github.com", call.state.now())

    def person(role: str, default: Signature) -> Signature:
        given = body.get(role) or body.get("author")
        return Signature(given["name"], given["email"], given.get("date", call.state.now())) if given else default

    plain = not {"author", "committer", "signature"} & body.keys()
    sha = git.commit(body["tree"], parents, body["message"], person("author", bot), person("committer", github))
    if plain:
        call.repo.by_app.add(sha)
    return Answer(201, payloads.git_commit(call.repo, git.commit_data(sha)))


@operation("git/get-commit", "contents:read")
def get_commit(call: Call) -> Answer:
    sha = call.path["commit_sha"]
    if not full_sha(sha) or call.repo.git.kind(sha) != "commit":
        raise ApiError(404, "Not Found")
    return Answer(200, payloads.git_commit(call.repo, call.repo.git.commit_data(sha)))
