"""What becomes of data when its object goes, or gets smaller."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.checks.changes.sample import Sample
from tests.gitops.facts.changes.stage import one_app
from tests.gitops.facts.deletions.stage import obj
from tests.scenarios import Files


def volume(policy: str, size: str = "1Gi") -> Files:
    spec = {"nfs": {"server": "a"}, "capacity": {"storage": size}, "persistentVolumeReclaimPolicy": policy}
    return one_app(obj("PersistentVolume", "web", spec=spec))


def stateful(replicas: int | None = None, **policy: str) -> Files:
    spec: dict[str, Any] = {"serviceName": "web", "volumeClaimTemplates": [{"metadata": {"name": "data"}}]}
    if replicas is not None:
        spec["replicas"] = replicas
    if policy:
        spec["persistentVolumeClaimRetentionPolicy"] = policy
    return one_app(obj("StatefulSet", "web", "apps/v1", spec=spec))


def bucket(**spec: Any) -> Files:
    return one_app(obj("Bucket", "web", "s3.aws.upbound.io/v1beta1", spec={"forProvider": {}, **spec}))


def kafka(*, delete: bool | None) -> Files:
    volumes = [{"id": 0, "type": "persistent-claim", **({"deleteClaim": delete} if delete is not None else {})}]
    return one_app(obj("Kafka", "web", "kafka.strimzi.io/v1beta2", spec={"storage": {"volumes": volumes}}))


SAMPLES: Mapping[str, Sample] = {
    "data-no-longer-kept": Sample(
        "web",
        [
            ("a volume", volume("Retain"), volume("Delete")),
            ("claims of a StatefulSet", stateful(), stateful(whenDeleted="Delete")),
            ("claims when it is scaled", stateful(whenScaled="Retain"), stateful(whenScaled="Delete")),
            ("a bucket", bucket(deletionPolicy="Orphan"), bucket(deletionPolicy="Delete")),
            ("the policy is dropped, and Delete is what counts then", bucket(deletionPolicy="Orphan"), bucket()),
            ("in a list", kafka(delete=None), kafka(delete=True)),
        ],
        [
            ("it is kept from now on", volume("Delete"), volume("Retain")),
            ("it was deleted before", volume("Delete", "1Gi"), volume("Delete", "2Gi")),
            ("said is what counted before", bucket(), bucket(deletionPolicy="Delete")),
            ("it comes", one_app(), volume("Delete")),
            ("false is what counted before", kafka(delete=None), kafka(delete=False)),
        ],
        asks="ask",
    ),
    "claims-deleted-when-scaled": Sample(
        "web",
        [
            ("fewer", stateful(3, whenScaled="Delete"), stateful(2, whenScaled="Delete")),
            ("none at all", stateful(whenScaled="Delete"), stateful(0, whenScaled="Delete")),
        ],
        [
            ("more", stateful(1, whenScaled="Delete"), stateful(2, whenScaled="Delete")),
            ("they are kept", stateful(3, whenScaled="Retain"), stateful(2, whenScaled="Retain")),
            ("nothing is said of them", stateful(3), stateful(2)),
        ],
        asks="ask",
    ),
}
