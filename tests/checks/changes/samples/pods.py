"""What Pods may do, and whose images they run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.checks.changes.sample import Sample
from tests.gitops.facts.changes.stage import deployment, one_app
from tests.gitops.facts.deletions.stage import obj
from tests.scenarios import Files


def pods(**pod: Any) -> Files:
    return one_app(deployment(**pod))


def containers(**fields: Any) -> Files:
    return pods(containers=[{"name": "web", "image": "example.com/web:1", **fields}])


def image(name: str) -> Files:
    return containers(image=name)


def privileged(kind: str) -> Files:
    spec = {"containers": [{"name": "web", "securityContext": {"privileged": kind == "yes"}}]}
    template = {"jobTemplate": {"spec": {"template": {"spec": spec}}}}
    return one_app(obj("CronJob", "web", "batch/v1", spec=template))


SAMPLES: Mapping[str, Sample] = {
    "privileged-container": Sample(
        "web",
        [
            ("a container", containers(), containers(securityContext={"privileged": True})),
            (
                "an init container",
                pods(),
                pods(initContainers=[{"name": "i", "securityContext": {"privileged": True}}]),
            ),
            ("another container", pods(), pods(containers=[{"name": "b", "securityContext": {"privileged": True}}])),
            ("in a CronJob", privileged("no"), privileged("yes")),
        ],
        [
            (
                "it was before",
                containers(securityContext={"privileged": True}),
                containers(securityContext={"privileged": True}, image="example.com/web:2"),
            ),
            ("it is no longer", containers(securityContext={"privileged": True}), containers()),
            ("it is said not to be", containers(), containers(securityContext={"privileged": False})),
        ],
        asks="ask",
    ),
    "capability-added": Sample(
        "web",
        [
            ("all", containers(), containers(securityContext={"capabilities": {"add": ["ALL"]}})),
            (
                "with the prefix",
                containers(),
                containers(securityContext={"capabilities": {"add": ["CAP_SYS_ADMIN"]}}),
            ),
            (
                "one more",
                containers(securityContext={"capabilities": {"add": ["BPF"]}}),
                containers(securityContext={"capabilities": {"add": ["BPF", "NET_ADMIN"]}}),
            ),
            (
                "to a new container",
                pods(),
                pods(containers=[{"name": "b", "securityContext": {"capabilities": {"add": ["SYS_PTRACE"]}}}]),
            ),
        ],
        [
            (
                "a harmless one",
                containers(),
                containers(securityContext={"capabilities": {"add": ["NET_BIND_SERVICE"]}}),
            ),
            ("dropped", containers(), containers(securityContext={"capabilities": {"drop": ["ALL"]}})),
        ],
        asks="ask",
    ),
    "host-path-mounted": Sample(
        "web",
        [
            ("a volume", pods(), pods(volumes=[{"name": "v", "hostPath": {"path": "/var/run"}}])),
            (
                "another path",
                pods(volumes=[{"name": "v", "hostPath": {"path": "/a"}}]),
                pods(volumes=[{"name": "v", "hostPath": {"path": "/"}}]),
            ),
            (
                "in place of a claim",
                pods(volumes=[{"name": "v", "persistentVolumeClaim": {"claimName": "c"}}]),
                pods(volumes=[{"name": "v", "hostPath": {"path": "/"}}]),
            ),
            (
                "one more",
                pods(volumes=[{"name": "v", "hostPath": {"path": "/a"}}]),
                pods(volumes=[{"name": "v", "hostPath": {"path": "/a"}}, {"name": "w", "hostPath": {"path": "/b"}}]),
            ),
        ],
        [
            (
                "under another name",
                pods(volumes=[{"name": "v", "hostPath": {"path": "/a"}}]),
                pods(volumes=[{"name": "w", "hostPath": {"path": "/a"}}]),
            ),
            ("an empty directory", pods(), pods(volumes=[{"name": "v", "emptyDir": {}}])),
        ],
        asks="ask",
    ),
    "host-namespace-shared": Sample(
        "web",
        [
            ("the network", pods(), pods(hostNetwork=True)),
            ("the processes", pods(hostNetwork=True), pods(hostNetwork=True, hostPID=True)),
            ("the memory", pods(), pods(hostIPC=True)),
            ("after a false", pods(hostPID=False), pods(hostPID=True)),
        ],
        [("no longer", pods(hostNetwork=True), pods()), ("said not to", pods(), pods(hostNetwork=False))],
        asks="ask",
    ),
    "image-from-another-registry": Sample(
        "web",
        [
            ("another host", image("example.com/web:1"), image("example.org/web:1")),
            ("to Docker Hub", image("ghcr.io/a/web:1"), image("a/web:1")),
            ("from Docker Hub", image("nginx"), image("localhost/nginx")),
            ("another port", image("example.com:5000/web:1"), image("example.com:5001/web:1")),
        ],
        [
            ("another tag", image("example.com/web:1"), image("example.com/web:2")),
            ("Docker Hub by name", image("nginx"), image("docker.io/library/nginx")),
            ("Docker Hub's other name", image("index.docker.io/a/web"), image("a/web")),
            ("another path", image("example.com/a/web"), image("example.com/b/web")),
        ],
        asks="ask",
    ),
    "image-digest-lost": Sample(
        "web",
        [
            ("for a tag", image("a/web@sha256:" + "0" * 64), image("a/web:1")),
            ("beside the tag", image("a/web:1@sha256:" + "0" * 64), image("a/web:1")),
            ("for nothing", image("a/web@sha256:" + "0" * 64), image("a/web")),
            ("with another name", image("a/web@sha256:" + "0" * 64), image("b/web:1")),
        ],
        [
            ("for another digest", image("a/web@sha256:" + "0" * 64), image("a/web@sha256:" + "1" * 64)),
            ("it had none", image("a/web:1"), image("a/web:2")),
        ],
        asks="no",
    ),
}
