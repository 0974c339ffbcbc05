"""Scopes of widely used custom resources, by group. Written by `python -m docs.scopes`; do not edit."""

from __future__ import annotations

from collections.abc import Mapping

# Kinds that live in no namespace, and kinds that do.
CLUSTER: Mapping[str, str] = {
    "apiextensions.crossplane.io": (
        "CompositeResourceDefinition Composition CompositionRevision EnvironmentConfig "
        "ManagedResourceActivationPolicy ManagedResourceDefinition Usage"
    ),
    "apiextensions.openshift.io": "CompatibilityRequirement",
    "apiserver.openshift.io": "APIRequestCount",
    "applicationlayer.projectcalico.org": "GlobalWAFPlugin GlobalWAFPolicy GlobalWAFValidationPolicy",
    "aquasecurity.github.io": (
        "ClusterComplianceReport ClusterConfigAuditReport ClusterInfraAssessmentReport ClusterRbacAssessmentReport "
        "ClusterSbomReport ClusterVulnerabilityReport"
    ),
    "argoproj.io": "ClusterAnalysisTemplate ClusterWorkflowTemplate",
    "capsule.clastix.io": (
        "CapsuleConfiguration GlobalCustomQuota GlobalResourceQuota GlobalTenantResource ResourcePool Tenant "
        "TenantOwner"
    ),
    "cert-manager.io": "ClusterIssuer",
    "cli.kyverno.io": "ClusterResource Context Test UserInfo Values",
    "cloud.google.com": "ComputeClass",
    "cloud.network.openshift.io": "CloudPrivateIPConfig",
    "config.openshift.io": (
        "APIServer Authentication Backup Build CRIOCredentialProviderConfig ClusterImagePolicy ClusterMonitoring "
        "ClusterOperator ClusterVersion Console DNS FeatureGate Image ImageContentPolicy ImageDigestMirrorSet "
        "ImageTagMirrorSet Infrastructure Ingress InsightsDataGather Network Node OAuth OperatorHub PKI Project "
        "Proxy Scheduler"
    ),
    "console.openshift.io": (
        "ConsoleCLIDownload ConsoleExternalLogLink ConsoleLink ConsoleNotification ConsolePlugin ConsoleQuickStart "
        "ConsoleSample ConsoleYAMLSample"
    ),
    "crd.projectcalico.org": (
        "AlertException BFDConfiguration BGPConfiguration BGPFilter BGPPeer BlockAffinity CalicoNodeStatus "
        "ClusterInformation EgressGatewayPolicy ExternalNetwork FelixConfiguration GlobalAlert GlobalAlertTemplate "
        "GlobalNetworkPolicy GlobalNetworkSet GlobalReport GlobalReportType GlobalThreatFeed HostEndpoint "
        "IPAMBlock IPAMConfig IPAMHandle IPPool IPReservation KubeControllersConfiguration LicenseKey "
        "ManagedCluster Network PolicyRecommendationScope RemoteClusterConfiguration SecurityEventWebhook "
        "StagedGlobalNetworkPolicy Tier UISettings UISettingsGroup"
    ),
    "elbv2.k8s.aws": "IngressClassParams",
    "etcd.openshift.io": "PacemakerCluster",
    "eventing.keda.sh": "ClusterCloudEventSource",
    "expansion.gatekeeper.sh": "ExpansionTemplate",
    "external-secrets.io": "ClusterExternalSecret ClusterPushSecret ClusterSecretStore",
    "externaldata.gatekeeper.sh": "Provider",
    "frrk8s.metallb.io": "FRRNodeState",
    "gateway.networking.k8s.io": "GatewayClass",
    "gateway.networking.x-k8s.io": "XMesh",
    "generators.external-secrets.io": "ClusterGenerator",
    "groupsnapshot.storage.k8s.io": "VolumeGroupSnapshotClass VolumeGroupSnapshotContent",
    "gvkmanifest.gatekeeper.sh": "GVKManifest",
    "helm.crossplane.io": "ProviderConfig ProviderConfigUsage Release",
    "helm.m.crossplane.io": "ClusterProviderConfig",
    "helm.openshift.io": "HelmChartRepository",
    "hnc.x-k8s.io": "HNCConfiguration",
    "imageregistry.operator.openshift.io": "Config ImagePruner",
    "insights.openshift.io": "DataGather",
    "karpenter.k8s.aws": "EC2NodeClass",
    "karpenter.kwok.sh": "KWOKNodeClass",
    "karpenter.sh": "NodeClaim NodeOverlay NodePool",
    "keda.sh": "ClusterTriggerAuthentication",
    "kubernetes.crossplane.io": "Object ObservedObjectCollection ProviderConfig ProviderConfigUsage",
    "kubernetes.m.crossplane.io": "ClusterProviderConfig",
    "kueue.x-k8s.io": (
        "AdmissionCheck ClusterQueue Cohort MultiKueueCluster MultiKueueConfig ProvisioningRequestConfig "
        "ResourceFlavor Topology WorkloadPriorityClass"
    ),
    "kyverno.io": "ClusterCleanupPolicy ClusterPolicy GlobalContextEntry",
    "machineconfiguration.openshift.io": (
        "ContainerRuntimeConfig ControllerConfig InternalReleaseImage KubeletConfig MachineConfig "
        "MachineConfigNode MachineConfigPool MachineOSBuild MachineOSConfig OSImageStream PinnedImageSet"
    ),
    "mongodb.com": "ClusterMongoDBRole",
    "mutations.gatekeeper.sh": "Assign AssignImage AssignMetadata ModifySet",
    "network.openshift.io": "ClusterNetwork HostSubnet NetNamespace",
    "networking.internal.knative.dev": "ClusterDomainClaim",
    "nfd.k8s-sigs.io": "NodeFeatureRule",
    "nvidia.com": "ClusterPolicy GPUCluster NVIDIADriver",
    "objectbucket.io": "ObjectBucket",
    "operator.openshift.io": (
        "Authentication CSISnapshotController CloudCredential ClusterAPI ClusterCSIDriver ClusterVersionOperator "
        "Config Console DNS Etcd EtcdBackup ImageContentSourcePolicy Ingress InsightsOperator KubeAPIServer "
        "KubeControllerManager KubeScheduler KubeStorageVersionMigrator MachineConfiguration Network OLM "
        "OpenShiftAPIServer OpenShiftControllerManager ServiceCA Storage"
    ),
    "operator.tigera.io": (
        "APIServer ApplicationLayer Authentication GatewayAPI Goldmane ImageSet Installation IntrusionDetection "
        "Istio LogCollector LogStorage ManagementCluster ManagementClusterConnection Manager Monitor "
        "NonClusterHost PacketCaptureAPI PolicyRecommendation TigeraStatus Whisker"
    ),
    "ops.crossplane.io": "CronOperation Operation WatchOperation",
    "pkg.crossplane.io": (
        "Configuration ConfigurationRevision DeploymentRuntimeConfig Function FunctionRevision ImageConfig Lock "
        "Provider ProviderRevision"
    ),
    "policies.kubewarden.io": "ClusterAdmissionPolicy ClusterAdmissionPolicyGroup PolicyServer",
    "policies.kyverno.io": "DeletingPolicy GeneratingPolicy ImageValidatingPolicy MutatingPolicy ValidatingPolicy",
    "policy.networking.k8s.io": "AdminNetworkPolicy BaselineAdminNetworkPolicy ClusterNetworkPolicy",
    "postgresql.cnpg.io": "ClusterImageCatalog",
    "projectcalico.org": (
        "AlertException BFDConfiguration BGPConfiguration BGPFilter BGPPeer BlockAffinity CalicoNodeStatus "
        "ClusterInformation EgressGatewayPolicy ExternalNetwork FelixConfiguration GlobalAlert GlobalAlertTemplate "
        "GlobalNetworkPolicy GlobalNetworkSet GlobalReport GlobalReportType GlobalThreatFeed HostEndpoint "
        "IPAMBlock IPAMConfiguration IPAMHandle IPPool IPReservation KubeControllersConfiguration LicenseKey "
        "ManagedCluster Network PolicyRecommendationScope RemoteClusterConfiguration SecurityEventWebhook "
        "StagedGlobalNetworkPolicy Tier UISettings UISettingsGroup"
    ),
    "protection.crossplane.io": "ClusterUsage",
    "quota.openshift.io": "ClusterResourceQuota",
    "reports.kyverno.io": "ClusterEphemeralReport",
    "runtime.cluster.x-k8s.io": "ExtensionConfig",
    "samples.operator.openshift.io": "Config",
    "secrets.infisical.com": "ClusterGenerator",
    "security.internal.openshift.io": "RangeAllocation",
    "security.openshift.io": "SecurityContextConstraints",
    "sharedresource.openshift.io": "SharedConfigMap SharedSecret",
    "snapshot.storage.k8s.io": "VolumeSnapshotClass VolumeSnapshotContent",
    "syncset.gatekeeper.sh": "SyncSet",
    "templates.gatekeeper.sh": "ConstraintTemplate",
    "topology.node.k8s.io": "NodeResourceTopology",
    "trust-manager.io": "ClusterBundle",
    "trust.cert-manager.io": "Bundle",
    "usage.tigera.io": "LicenseUsageReport",
    "wgpolicyk8s.io": "ClusterPolicyReport",
}
NAMESPACED: Mapping[str, str] = {
    "access.strimzi.io": "KafkaAccess",
    "acid.zalan.do": "OperatorConfiguration PostgresTeam postgresql",
    "acme.cert-manager.io": "Challenge Order",
    "addons.cluster.x-k8s.io": "ClusterResourceSet ClusterResourceSetBinding",
    "aga.k8s.aws": "GlobalAccelerator",
    "agent.k8s.elastic.co": "Agent",
    "ai.mongodb.com": "VoyageAI",
    "apm.k8s.elastic.co": "ApmServer",
    "applicationlayer.projectcalico.org": "WAFPlugin WAFPolicy WAFValidationPolicy",
    "aquasecurity.github.io": (
        "ConfigAuditReport ExposedSecretReport InfraAssessmentReport RbacAssessmentReport SbomReport "
        "VulnerabilityReport"
    ),
    "argocd-image-updater.argoproj.io": "ImageUpdater",
    "argoproj.io": (
        "AnalysisRun AnalysisTemplate AppProject Application ApplicationSet CronWorkflow EventBus EventSource "
        "Experiment Rollout Sensor Workflow WorkflowArtifactGCTask WorkflowEventBinding WorkflowTaskResult "
        "WorkflowTaskSet WorkflowTemplate"
    ),
    "authorization.openshift.io": "RoleBindingRestriction",
    "autoops.k8s.elastic.co": "AutoOpsAgentPolicy",
    "autoscaling.internal.knative.dev": "Metric PodAutoscaler",
    "autoscaling.k8s.elastic.co": "ElasticsearchAutoscaler",
    "autoscaling.x-k8s.io": "CapacityBuffer",
    "beat.k8s.elastic.co": "Beat",
    "bitnami.com": "SealedSecret",
    "bootstrap.cluster.x-k8s.io": "KubeadmConfig KubeadmConfigTemplate",
    "caching.internal.knative.dev": "Image",
    "capsule.clastix.io": "CustomQuota QuantityLedger ResourcePoolClaim RuleStatus TenantResource",
    "ceph.rook.io": (
        "CephBlockPool CephBlockPoolRadosNamespace CephBucketNotification CephBucketTopic CephCOSIDriver "
        "CephClient CephCluster CephFilesystem CephFilesystemMirror CephFilesystemSubVolumeGroup CephNFS "
        "CephNVMeOFGateway CephObjectRealm CephObjectStore CephObjectStoreAccount CephObjectStoreUser "
        "CephObjectZone CephObjectZoneGroup CephRBDMirror"
    ),
    "cert-manager.io": "Certificate CertificateRequest Issuer",
    "cluster.x-k8s.io": (
        "Cluster ClusterClass Machine MachineDeployment MachineDrainRule MachineHealthCheck MachinePool MachineSet"
    ),
    "clusterctl.cluster.x-k8s.io": "Metadata Provider",
    "config.gatekeeper.sh": "Config",
    "config.openshift.io": "ImagePolicy",
    "connection.gatekeeper.sh": "Connection",
    "controlplane.cluster.x-k8s.io": "KubeadmControlPlane KubeadmControlPlaneTemplate",
    "controlplane.operator.openshift.io": "PodNetworkConnectivityCheck",
    "core.strimzi.io": "StrimziPodSet",
    "crd.projectcalico.org": (
        "DeepPacketInspection NetworkPolicy NetworkSet PacketCapture StagedKubernetesNetworkPolicy "
        "StagedNetworkPolicy"
    ),
    "elasticsearch.k8s.elastic.co": "Elasticsearch",
    "elbv2.k8s.aws": "ALBTargetControlConfig TargetGroupBinding",
    "enterprisesearch.k8s.elastic.co": "EnterpriseSearch",
    "eventing.keda.sh": "CloudEventSource",
    "extensions.istio.io": "TrafficExtension WasmPlugin",
    "external-secrets.io": "ExternalSecret PushSecret SecretStore",
    "frrk8s.metallb.io": "BGPSessionState FRRConfiguration FRRK8sConfiguration",
    "gateway.k8s.aws": "ListenerRuleConfiguration LoadBalancerConfiguration TargetGroupConfiguration",
    "gateway.networking.k8s.io": (
        "BackendTLSPolicy GRPCRoute Gateway HTTPRoute ListenerSet ReferenceGrant TCPRoute TLSRoute UDPRoute"
    ),
    "gateway.networking.x-k8s.io": "XBackend XBackendTrafficPolicy XListenerSet",
    "generators.external-secrets.io": (
        "ACRAccessToken BeyondtrustWorkloadCredentialsDynamicSecret CloudsmithAccessToken ECRAuthorizationToken "
        "Fake GCRAccessToken GeneratorState GithubAccessToken GitlabDeployToken Grafana MFA Password "
        "QuayAccessToken SSHKey STSSessionToken UUID VaultDynamicSecret Webhook"
    ),
    "grafana.integreatly.org": (
        "Grafana GrafanaAlertRuleGroup GrafanaContactPoint GrafanaDashboard GrafanaDatasource GrafanaFolder "
        "GrafanaLibraryPanel GrafanaManifest GrafanaMuteTiming GrafanaNotificationPolicy "
        "GrafanaNotificationPolicyRoute GrafanaNotificationTemplate GrafanaServiceAccount"
    ),
    "groupsnapshot.storage.k8s.io": "VolumeGroupSnapshot",
    "helm.m.crossplane.io": "ProviderConfig ProviderConfigUsage Release",
    "helm.openshift.io": "ProjectHelmChartRepository",
    "helm.toolkit.fluxcd.io": "HelmRelease",
    "hnc.x-k8s.io": "HierarchicalResourceQuota HierarchyConfiguration SubnamespaceAnchor",
    "infrastructure.cluster.x-k8s.io": (
        "DevCluster DevClusterTemplate DevMachine DevMachinePool DevMachinePoolTemplate DevMachineTemplate"
    ),
    "ingress.operator.openshift.io": "DNSRecord",
    "ipam.cluster.x-k8s.io": "IPAddress IPAddressClaim",
    "isindir.github.com": "SopsSecret",
    "k8s.mariadb.com": (
        "Backup Connection Database ExternalMariaDB Grant MariaDB MaxScale PhysicalBackup PointInTimeRecovery "
        "Restore SqlJob User"
    ),
    "k8up.io": "Archive Backup Check PodConfig PreBackupPod Prune Restore Schedule Snapshot",
    "kafka.strimzi.io": (
        "Kafka KafkaBridge KafkaConnect KafkaConnector KafkaMirrorMaker2 KafkaNodePool KafkaRebalance KafkaTopic "
        "KafkaUser"
    ),
    "keda.sh": "ScaledJob ScaledObject TriggerAuthentication",
    "kibana.k8s.elastic.co": "Kibana",
    "kubernetes.m.crossplane.io": "Object ObservedObjectCollection ProviderConfig ProviderConfigUsage",
    "kueue.x-k8s.io": "LocalQueue Workload",
    "kustomize.toolkit.fluxcd.io": "Kustomization",
    "kyverno.io": "CleanupPolicy Policy PolicyException UpdateRequest",
    "linkerd.io": "ServiceProfile",
    "logstash.k8s.elastic.co": "Logstash",
    "longhorn.io": (
        "BackingImage BackingImageDataSource BackingImageManager Backup BackupBackingImage BackupTarget "
        "BackupVolume Engine EngineFrontend EngineImage InstanceManager Node Orphan RecurringJob Replica Setting "
        "Shard ShardGroup ShareManager Snapshot SupportBundle SystemBackup SystemRestore Volume VolumeAttachment"
    ),
    "machine.openshift.io": "ControlPlaneMachineSet Machine MachineHealthCheck MachineSet",
    "maps.k8s.elastic.co": "ElasticMapsServer",
    "match.gatekeeper.sh": "DummyCRD",
    "meta.pkg.crossplane.io": "Configuration Function Provider",
    "metallb.io": (
        "BFDProfile BGPAdvertisement BGPPeer Community ConfigurationState IPAddressPool L2Advertisement "
        "ServiceBGPStatus ServiceL2Status"
    ),
    "minio.min.io": "Tenant",
    "moco.cybozu.com": "BackupPolicy MySQLCluster",
    "mongodb.com": "MongoDB MongoDBMultiCluster MongoDBOpsManager MongoDBSearch MongoDBUser",
    "mongodbcommunity.mongodb.com": "MongoDBCommunity",
    "monitoring.coreos.com": (
        "Alertmanager AlertmanagerConfig PodMonitor Probe Prometheus PrometheusAgent PrometheusRule ScrapeConfig "
        "ServiceMonitor ThanosRuler"
    ),
    "monitoring.openshift.io": "AlertRelabelConfig AlertingRule",
    "multicluster.linkerd.io": "Link",
    "network.openshift.io": "DNSNameResolver EgressNetworkPolicy",
    "network.operator.openshift.io": "EgressRouter",
    "networking.internal.knative.dev": "Certificate Ingress ServerlessService",
    "networking.istio.io": (
        "DestinationRule EnvoyFilter Gateway ProxyConfig ServiceEntry Sidecar VirtualService WorkloadEntry "
        "WorkloadGroup"
    ),
    "nfd.k8s-sigs.io": "NodeFeature NodeFeatureGroup",
    "notification.toolkit.fluxcd.io": "Alert Provider Receiver",
    "objectbucket.io": "ObjectBucketClaim",
    "onepassword.com": "OnePasswordItem",
    "opentelemetry.io": "ClusterObservability Instrumentation OpAMPBridge OpenTelemetryCollector TargetAllocator",
    "operator.openshift.io": "IngressController",
    "operator.tigera.io": "EgressGateway TLSPassThroughRoute TLSTerminatedRoute Tenant",
    "packageregistry.k8s.elastic.co": "PackageRegistry",
    "policies.kubewarden.io": "AdmissionPolicy AdmissionPolicyGroup",
    "policies.kyverno.io": (
        "NamespacedDeletingPolicy NamespacedGeneratingPolicy NamespacedImageValidatingPolicy "
        "NamespacedMutatingPolicy NamespacedValidatingPolicy PolicyException"
    ),
    "policy.linkerd.io": (
        "AuthorizationPolicy EgressNetwork HTTPLocalRateLimitPolicy HTTPRoute MeshTLSAuthentication "
        "NetworkAuthentication Server ServerAuthorization"
    ),
    "postgres-operator.crunchydata.com": "PGAdmin PGUpgrade PostgresCluster",
    "postgresql.cnpg.io": (
        "Backup Cluster Database DatabaseRole FailoverQuorum ImageCatalog Pooler Publication ScheduledBackup "
        "Subscription"
    ),
    "projectcalico.org": (
        "DeepPacketInspection NetworkPolicy NetworkSet PacketCapture StagedKubernetesNetworkPolicy "
        "StagedNetworkPolicy"
    ),
    "projectcontour.io": (
        "ContourConfiguration ContourDeployment ExtensionService HTTPProxy TLSCertificateDelegation"
    ),
    "protection.crossplane.io": "Usage",
    "psmdb.percona.com": (
        "PerconaServerMongoDB PerconaServerMongoDBBackup PerconaServerMongoDBClusterSync PerconaServerMongoDBRestore"
    ),
    "pxc.percona.com": (
        "PerconaXtraDBBackup PerconaXtraDBCluster PerconaXtraDBClusterBackup PerconaXtraDBClusterRestore"
    ),
    "rabbitmq.com": (
        "Binding Exchange Federation OperatorPolicy Permission Policy Queue RabbitmqCluster SchemaReplication "
        "Shovel SuperStream TopicPermission User Vhost"
    ),
    "redhatcop.redhat.io": (
        "Audit AuditRequestHeader AuthEngineMount AzureAuthEngineConfig AzureAuthEngineRole "
        "AzureSecretEngineConfig AzureSecretEngineRole CertAuthEngineConfig CertAuthEngineRole "
        "DatabaseSecretEngineConfig DatabaseSecretEngineRole DatabaseSecretEngineStaticRole Entity EntityAlias "
        "GCPAuthEngineConfig GCPAuthEngineRole GitHubSecretEngineConfig GitHubSecretEngineRole Group GroupAlias "
        "IdentityOIDCAssignment IdentityOIDCClient IdentityOIDCProvider IdentityOIDCScope IdentityTokenConfig "
        "IdentityTokenKey IdentityTokenRole JWTOIDCAuthEngineConfig JWTOIDCAuthEngineRole "
        "KubernetesAuthEngineConfig KubernetesAuthEngineRole KubernetesSecretEngineConfig "
        "KubernetesSecretEngineRole LDAPAuthEngineConfig LDAPAuthEngineGroup Namespace PKISecretEngineConfig "
        "PKISecretEngineRole PasswordPolicy Policy QuaySecretEngineConfig QuaySecretEngineRole "
        "QuaySecretEngineStaticRole RabbitMQSecretEngineConfig RabbitMQSecretEngineRole RandomSecret "
        "SecretEngineMount VaultSecret"
    ),
    "reports.kyverno.io": "EphemeralReport",
    "resolution.tekton.dev": "ResolutionRequest",
    "resource.nvidia.com": "ComputeDomain ComputeDomainClique",
    "ricoberger.de": "VaultSecret",
    "route.openshift.io": "Route",
    "secretgen.carvel.dev": "SecretExport SecretImport SecretTemplate",
    "secretgen.k14s.io": "Certificate Password RSAKey SSHKey SecretExport SecretRequest",
    "secretgenerator.mittwald.de": "BasicAuth SSHKeyPair StringSecret",
    "secrets-store.csi.x-k8s.io": "SecretProviderClass SecretProviderClassPodStatus",
    "secrets.doppler.com": "DopplerSecret",
    "secrets.hashicorp.com": (
        "CSISecrets HCPAuth HCPVaultSecretsApp SecretTransformation VaultAuth VaultAuthGlobal VaultConnection "
        "VaultDynamicSecret VaultPKISecret VaultStaticSecret"
    ),
    "secrets.infisical.com": (
        "InfisicalAuth InfisicalConnection InfisicalDynamicSecret InfisicalPushSecret InfisicalSecret "
        "InfisicalStaticSecret Password UUID"
    ),
    "security.istio.io": "AuthorizationPolicy PeerAuthentication RequestAuthentication",
    "serving.knative.dev": "Configuration DomainMapping Revision Route Service",
    "snapshot.storage.k8s.io": "VolumeSnapshot",
    "source.toolkit.fluxcd.io": "Bucket ExternalArtifact GitRepository HelmChart HelmRepository OCIRepository",
    "spv.no": "AzureKeyVaultIdentity AzureKeyVaultSecret AzureManagedIdentity",
    "stackconfigpolicy.k8s.elastic.co": "StackConfigPolicy",
    "status.gatekeeper.sh": (
        "ConfigPodStatus ConnectionPodStatus ConstraintPodStatus ConstraintTemplatePodStatus "
        "ExpansionTemplatePodStatus MutatorPodStatus ProviderPodStatus"
    ),
    "sts.min.io": "PolicyBinding",
    "tekton.dev": "CustomRun Pipeline PipelineRun StepAction Task TaskRun VerificationPolicy",
    "telemetry.istio.io": "Telemetry",
    "traefik.io": (
        "IngressRoute IngressRouteTCP IngressRouteUDP Middleware MiddlewareTCP ServersTransport "
        "ServersTransportTCP TLSOption TLSStore TraefikService"
    ),
    "velero.io": (
        "Backup BackupRepository BackupStorageLocation DataDownload DataUpload DeleteBackupRequest DownloadRequest "
        "PodVolumeBackup PodVolumeRestore Restore Schedule ServerStatusRequest VolumeSnapshotLocation"
    ),
    "wgpolicyk8s.io": "PolicyReport",
    "workload.linkerd.io": "ExternalWorkload",
    "zalando.org": "FabricEventStream",
}
