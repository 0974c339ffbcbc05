"""A chart with the values of argo-helm's `argo-cd` that additions write, and templates that take them as its do."""

from __future__ import annotations

from typing import Final

_PROGRAM: Final = """\
apiVersion: apps/v1
kind: {{ .kind }}
metadata:
  name: {{ .name }}
  namespace: {{ .release.Namespace }}
spec:
  replicas: {{ .values.replicas }}
  selector:
    matchLabels:
      app.kubernetes.io/name: {{ .name }}
  template:
    metadata:
      labels:
        app.kubernetes.io/name: {{ .name }}
    spec:
      containers:
      - name: main
        image: quay.io/argoproj/argocd:v3.2.2
        args: [/usr/local/bin/{{ .name }}{{ if eq .key "server" }}, --insecure{{ end }}]
        ports:
        - name: metrics
          containerPort: {{ .port }}
      {{- with .values.topologySpreadConstraints }}
      topologySpreadConstraints:
        {{- range $constraint := . }}
      - {{ toYaml $constraint | nindent 8 | trim }}
        {{- if not $constraint.labelSelector }}
        labelSelector:
          matchLabels:
            app.kubernetes.io/name: {{ $.name }}
        {{- end }}
        {{- end }}
      {{- end }}
{{- if .values.metrics.enabled }}
---
apiVersion: v1
kind: Service
metadata:
  name: {{ .name }}-metrics
  namespace: {{ .release.Namespace }}
  labels:
    app.kubernetes.io/name: {{ .name }}-metrics
spec:
  ports:
  - name: http-metrics
    port: {{ .port }}
    targetPort: metrics
  selector:
    app.kubernetes.io/name: {{ .name }}
{{- if and (.capabilities.APIVersions.Has "monitoring.coreos.com/v1") .values.metrics.serviceMonitor.enabled }}
---
apiVersion: monitoring.coreos.com/v1
kind: ServiceMonitor
metadata:
  name: {{ .name }}
  namespace: {{ .release.Namespace }}
  labels:
    app.kubernetes.io/name: {{ .name }}
    {{- with .values.metrics.serviceMonitor.additionalLabels }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
spec:
  endpoints:
  - port: http-metrics
  selector:
    matchLabels:
      app.kubernetes.io/name: {{ .name }}-metrics
{{- end }}
{{- $has := .capabilities.APIVersions.Has "monitoring.coreos.com/v1" }}
{{- if and $has (dig "metrics" "rules" "enabled" false .values) }}
---
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata:
  name: {{ .name }}
  namespace: {{ .release.Namespace }}
  labels:
    app.kubernetes.io/name: {{ .name }}
    {{- with .values.metrics.rules.additionalLabels }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
spec:
  groups:
  - name: argocd
    rules:
    {{- toYaml .values.metrics.rules.spec | nindent 4 }}
{{- end }}
{{- end }}
"""
PROGRAM: Final = '{{ define "program" }}\n' + _PROGRAM + "{{ end }}\n"
_CALL: Final = (
    '{{{{- include "program" (dict "release" .Release "capabilities" .Capabilities "values" .Values.{key} '
    '"key" "{key}" "name" "{name}" "kind" "{kind}" "port" {port}) }}}}\n'
)
_INGRESS: Final = """\
apiVersion: v1
kind: Service
metadata: {name: argocd-server, namespace: {{ .Release.Namespace }}}
spec:
  selector: {app.kubernetes.io/name: argocd-server}
  ports: [{port: 80, targetPort: 8080}]
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: argocd-server
  namespace: {{ .Release.Namespace }}
  {{- with .Values.server.ingress.annotations }}
  annotations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
spec:
  ingressClassName: nginx
  rules:
  - host: {{ .Values.global.domain }}
    http:
      paths: [{path: /, pathType: Prefix, backend: {service: {name: argocd-server, port: {number: 80}}}}]
  tls: [{hosts: [{{ .Values.global.domain }}], secretName: argocd-server-tls}]
"""
_REDIS: Final = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: argocd-redis, namespace: {{ .Release.Namespace }}}
spec:
  selector: {matchLabels: {app.kubernetes.io/name: argocd-redis}}
  template:
    metadata: {labels: {app.kubernetes.io/name: argocd-redis}}
    spec: {containers: [{name: redis, image: "redis:8", args: [--save, "", --appendonly, "no"]}]}
---
apiVersion: v1
kind: Service
metadata: {name: argocd-redis, namespace: {{ .Release.Namespace }}}
spec: {selector: {app.kubernetes.io/name: argocd-redis}, ports: [{port: 6379}]}
"""
_EXTRA: Final = """\
{{ range .Values.extraObjects }}
---
{{ if typeIs "string" . }}
    {{- tpl . $ }}
{{- else }}
    {{- tpl (toYaml .) $ }}
{{- end }}
{{ end }}
"""
_VALUES: Final = """\
global: {domain: argocd.example.com}
controller:
  replicas: 1
  topologySpreadConstraints: []
  metrics:
    enabled: false
    serviceMonitor: {enabled: false, additionalLabels: {}}
    rules:
      enabled: false
      additionalLabels: {}
      spec: []
server:
  replicas: 2
  topologySpreadConstraints: []
  ingress: {annotations: {}}
  metrics:
    enabled: false
    serviceMonitor: {enabled: false, additionalLabels: {}}
extraObjects: []
"""


def argo_cd(directory: str = "", name: str = "argo-cd") -> dict[str, str]:
    """The files of the chart."""
    files = {
        "Chart.yaml": f"apiVersion: v2\nname: {name}\nversion: 9.1.0\nappVersion: v3.2.2\n",
        "values.yaml": _VALUES,
        "templates/_program.tpl": PROGRAM,
        "templates/controller.yaml": _CALL.format(
            key="controller", name="argocd-application-controller", kind="StatefulSet", port=8082
        ),
        "templates/server.yaml": _CALL.format(key="server", name="argocd-server", kind="Deployment", port=8083),
        "templates/ingress.yaml": _INGRESS,
        "templates/redis.yaml": _REDIS,
        "templates/extra.yaml": _EXTRA,
    }
    return {f"{directory}/{path}".lstrip("/"): text for path, text in files.items()}
