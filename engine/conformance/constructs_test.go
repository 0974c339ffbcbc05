package main

// base is what the constructs below have in common.
const base = `
-- workload.yaml --
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, labels: {app: web}}
spec:
  replicas: 1
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      serviceAccountName: web
      containers:
      - name: web
        image: nginx:1.14
        args: [--text=$(TEXT), --host=$(HOST)]
        envFrom: [{configMapRef: {name: settings}}, {secretRef: {name: secret}}]
      - {name: side, image: registry.example.com:5000/side@sha256:0000000000000000000000000000000000000000000000000000000000000000}
      volumes: [{name: a, configMap: {name: files}}]
-- others.yaml --
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{port: 80}, {port: 443}]}
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: web}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: web}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: web}
subjects: [{kind: ServiceAccount, name: web, namespace: default}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: web}
rules: [{apiGroups: [""], resources: [pods], verbs: [get], resourceNames: [web]}]
---
apiVersion: example.com/v1
kind: Custom
metadata: {name: custom, annotations: {a: b}}
spec:
  ref: {name: web}
  list: [{name: a, v: 1}, {name: b, v: 2}]
  numbers: [1, 1.0, 1e3, 0x10, 010, 0o10, 9223372036854775807, 18446744073709551616, -0.5, 1_000]
  words: [yes, "yes", no, on, ~, null, "null", 2020-01-01, "2020-01-01", 12:30, .inf_, "1e3", "0x1"]
  text: |
    two
    lines
  folded: >-
    one
    line
-- settings.env --
A=1
B=two words
# a comment

C="quoted"
-- binary.txt --
text without end`

// fields are kustomization fields for the resources of base; not all of them go together.
var fields = []string{
	"namePrefix: p-",
	"nameSuffix: -s",
	"namespace: space",
	"commonLabels: {team: a}",
	"labels: [{pairs: {tier: front}, includeSelectors: true}]",
	"labels: [{pairs: {tier: front}, includeTemplates: true, fields: [{path: spec/extra/labels, create: true, kind: Custom}]}]",
	"commonAnnotations: {note: some text}",
	"images: [{name: nginx, newName: other/nginx, newTag: '2'}, {name: registry.example.com:5000/side, digest: 'sha256:1111111111111111111111111111111111111111111111111111111111111111'}]",
	"images: [{name: nginx, tagSuffix: -alpine}]",
	"replicas: [{name: web, count: 3}]",
	"replicas: [{name: none, count: 3}]",
	"configMapGenerator: [{name: settings, envs: [settings.env], literals: [D=3]}, {name: files, files: [binary.txt, other=settings.env]}]",
	"secretGenerator: [{name: secret, type: Opaque, literals: [password=hidden], options: {labels: {a: b}, immutable: true}}]",
	"configMapGenerator: [{name: settings, behavior: merge, literals: [D=3]}]",
	"generatorOptions: {disableNameSuffixHash: true, labels: {generated: 'yes'}, annotations: {by: kustomize}}",
	"patches: [{patch: '{apiVersion: apps/v1, kind: Deployment, metadata: {name: web}, spec: {template: {spec: {containers: [{name: side, env: [{name: A, value: b}]}]}}}}'}]",
	"patches: [{target: {kind: Deployment|Service}, patch: '[{\"op\": \"add\", \"path\": \"/metadata/annotations\", \"value\": {\"x\": \"z\"}}]'}]",
	"patches: [{target: {labelSelector: app=web}, patch: '[{\"op\": \"replace\", \"path\": \"/spec/replicas\", \"value\": 5}]'}]",
	"patches: [{target: {kind: Custom}, patch: '[{\"op\": \"add\", \"path\": \"/metadata/annotations/x\", \"value\": \"z\"}]'}]",
	"patches: [{target: {annotationSelector: a=b}, patch: '[{\"op\": \"remove\", \"path\": \"/spec/list/0\"}]'}]",
	"patches: [{patch: '{apiVersion: v1, kind: Service, metadata: {name: web}, $patch: delete}'}]",
	"patches: [{target: {kind: Service}, patch: '{apiVersion: v1, kind: Service, metadata: {name: renamed}}', options: {allowNameChange: true}}]",
	"patchesStrategicMerge: ['{apiVersion: example.com/v1, kind: Custom, metadata: {name: custom}, spec: {list: [{name: b, v: 3}], text: null}}']",
	"patchesJson6902: [{target: {version: v1, kind: Service, name: web}, patch: '[{\"op\": \"test\", \"path\": \"/spec/ports/0/port\", \"value\": 81}]'}]",
	"replacements: [{source: {kind: Service, fieldPath: metadata.name}, targets: [{select: {kind: Custom}, fieldPaths: [spec.ref.name]}]}]",
	"replacements: [{source: {kind: Deployment, fieldPath: 'spec.template.spec.containers.[name=web].image', options: {delimiter: ':', index: 1}}, targets: [{select: {kind: Custom}, reject: [{name: none}], fieldPaths: [spec.version], options: {create: true}}]}]",
	"replacements: [{source: {kind: Custom, fieldPath: metadata.annotations.none}, targets: [{select: {kind: Service}, fieldPaths: [metadata.name]}]}]",
	"vars: [{name: HOST, objref: {kind: Service, name: web, apiVersion: v1}}, {name: TEXT, objref: {kind: Custom, name: custom, apiVersion: example.com/v1}, fieldref: {fieldpath: spec.text}}]",
	"sortOptions: {order: fifo}",
	"sortOptions: {order: legacy, legacySortOptions: {orderFirst: [Custom], orderLast: [Deployment]}}",
	"buildMetadata: [managedByLabel, transformerAnnotations]",
	"buildMetadata: [originAnnotations]",
	"openapi: {version: v1.21.2}",
	"configurations: [nothing.yaml]",
	"transformers: ['{apiVersion: builtin, kind: PrefixTransformer, metadata: {name: t}, prefix: t-, fieldSpecs: [{path: metadata/name, kind: Service}]}']",
	"transformers: ['{apiVersion: builtin, kind: NamespaceTransformer, metadata: {name: t, namespace: by-transformer}, unsetOnly: true, setRoleBindingSubjects: allServiceAccounts}']",
	"generators: ['{apiVersion: builtin, kind: ConfigMapGenerator, metadata: {name: g}, literals: [a=b]}']",
	"validators: ['{apiVersion: builtin, kind: LabelTransformer, metadata: {name: v}, labels: {a: b}, fieldSpecs: [{path: metadata/labels, create: true}]}']",
	"generators: ['{apiVersion: example.com/v1, kind: Unknown, metadata: {name: g}}']",
	"unknown: 1",
	"commonLabels: [a]",
	"metadata: {name: mine}",
}

var overlays = []string{
	"namePrefix: over-", "namespace: over", "commonLabels: {over: lay}", "images: [{name: nginx, newTag: over}]",
	"configMapGenerator: [{name: settings, behavior: merge, literals: [over=lay]}]", "nameSuffix: -over\nbuildMetadata: [originAnnotations]",
	"patches: [{target: {kind: Deployment, name: web}, patch: '[{\"op\": \"remove\", \"path\": \"/spec/replicas\"}]'}]", "openapi: {version: v9}",
}

// constructs are what fields alone do not show.
var constructs = map[string]string{
	"components": `
-- kustomization.yaml --
resources: [workload.yaml]
components: [c]
-- c/kustomization.yaml --
apiVersion: kustomize.config.k8s.io/v1alpha1
kind: Component
configMapGenerator: [{name: settings, literals: [a=b]}]
namePrefix: c-
`,
	"component-as-resource": "\n-- kustomization.yaml --\nresources: [c]\n-- c/kustomization.yaml --\nkind: Component\nnamePrefix: a-\n",
	"diamond": `
-- kustomization.yaml --
resources: [a, b]
-- a/kustomization.yaml --
resources: [../base]
namePrefix: a-
-- b/kustomization.yaml --
resources: [../base]
namePrefix: b-
-- base/kustomization.yaml --
configMapGenerator: [{name: x, literals: [a=b]}]
`,
	"cycle":         "\n-- kustomization.yaml --\nresources: [a]\n-- a/kustomization.yaml --\nresources: [../../cycle]\n",
	"outside":       "\n-- kustomization.yaml --\nresources: [a]\n-- a/kustomization.yaml --\nresources: [../others.yaml]\n",
	"two-files":     "\n-- kustomization.yaml --\nresources: [others.yaml]\n-- Kustomization --\nresources: [others.yaml]\n",
	"list":          "\n-- kustomization.yaml --\nresources: [l.yaml]\n-- l.yaml --\napiVersion: v1\nkind: List\nitems: [{apiVersion: v1, kind: ConfigMap, metadata: {name: a}}, {apiVersion: v1, kind: Secret, metadata: {name: b}}]\n",
	"aliases":       "\n-- kustomization.yaml --\nresources: [l.yaml]\n-- l.yaml --\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, labels: &l {a: b}, annotations: {<<: *l, c: d}}\n",
	"local-config":  "\n-- kustomization.yaml --\nresources: [l.yaml, others.yaml]\n-- l.yaml --\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, annotations: {config.kubernetes.io/local-config: 'true'}}\n",
	"empty":         "\n-- kustomization.yaml --\nkind: Kustomization\n",
	"empty-lists":   "\n-- kustomization.yaml --\nresources: []\nbuildMetadata: []\n",
	"repeated":      "\n-- kustomization.yaml --\nresources: [others.yaml]\nnamePrefix: a-\nnamePrefix: b-\n",
	"documents":     "\n-- kustomization.yaml --\nresources: [others.yaml]\n---\nnamePrefix: b-\n",
	"json":          "\n-- kustomization.yaml --\n{\"resources\": [\"others.yaml\"], \"NAMEPREFIX\": \"a-\"}\n",
	"legacy":        "\n-- kustomization.yaml --\nbases: [b]\nimageTags: [{name: nginx, newTag: '3'}]\nconfigMapGenerator: [{name: x, env: settings.env}]\n-- b/kustomization.yaml --\nresources: [../workload.yaml]\n",
	"hash":          "\n-- kustomization.yaml --\nresources: [workload.yaml]\nconfigMapGenerator: [{name: settings, literals: [a=b]}]\nnamePrefix: p-\nnameSuffix: -s\n",
	"configuration": "\n-- kustomization.yaml --\nresources: [workload.yaml, others.yaml]\nnamePrefix: p-\nconfigurations: [c.yaml]\n-- c.yaml --\nnameReference: [{kind: Service, version: v1, fieldSpecs: [{kind: Custom, path: spec/ref/name}]}]\ncommonAnnotations: [{path: metadata/annotations, create: false}]\n",
	"annotate-some": "\n-- kustomization.yaml --\nresources: [others.yaml]\ntransformers: [t.yaml]\n-- t.yaml --\napiVersion: builtin\nkind: AnnotationsTransformer\nmetadata: {name: t}\nannotations: {x: z}\nfieldSpecs: [{path: metadata/annotations, create: false}]\n",
	"crds": `
-- kustomization.yaml --
resources: [others.yaml]
namePrefix: p-
crds: [c.json]
-- c.json --
{"github.com/example/Custom": {"Schema": {"properties": {"spec": {"properties": {"ref": {"x-kubernetes-object-ref-api-version": "v1",
"x-kubernetes-object-ref-kind": "Service", "x-kubernetes-object-ref-name-key": "name", "type": "object"}}}}}, "Dependencies": []}}
`,
	"openapi": `
-- kustomization.yaml --
resources: [others.yaml]
openapi: {path: schema.json}
patches: [{patch: '{apiVersion: example.com/v1, kind: Custom, metadata: {name: custom}, spec: {list: [{name: b, v: 3}]}}'}]
-- schema.json --
{"definitions": {"com.example.v1.Custom": {"x-kubernetes-group-version-kind": [{"group": "example.com", "kind": "Custom", "version": "v1"}],
"properties": {"spec": {"properties": {"list": {"type": "array", "x-kubernetes-patch-merge-key": "name", "x-kubernetes-patch-strategy": "merge",
"items": {"properties": {"name": {"type": "string"}}}}}}}}}}
`,
	"replacement-files": "\n-- kustomization.yaml --\nresources: [others.yaml]\nreplacements: [{path: r.yaml}]\n-- r.yaml --\n- source: {kind: Service, fieldPath: metadata}\n  targets: [{select: {kind: Custom}, fieldPaths: [spec.copied], options: {create: true}}]\n- source: {kind: Custom, fieldPath: metadata.annotations}\n  targets: [{select: {kind: Custom}, fieldPaths: [spec.notes], options: {create: true}}]\n",
	"crd-patched": `
-- kustomization.yaml --
resources: [crd.yaml]
patches: [{target: {kind: CustomResourceDefinition}, patch: '[{"op": "add", "path": "/metadata/annotations", "value": {"a": "b"}}]'}]
-- crd.yaml --
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: as.example.com}
spec:
  versions:
  - name: v1
    schema:
      openAPIV3Schema:
        properties: {a: {type: integer, maximum: 9223372036854775807}, b: {default: 1.0}}
  - name: v2
    schema:
      openAPIV3Schema:
        type: object
`,
}
