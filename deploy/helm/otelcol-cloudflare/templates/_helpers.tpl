{{- define "otelcol-cloudflare.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 52 | trimSuffix "-" }}
{{- end }}

{{- /* At most 52 characters: a pod's name and the hash of its revision must fit into a label's 63. */}}
{{- define "otelcol-cloudflare.fullname" -}}
{{- if .Values.fullnameOverride }}
{{- .Values.fullnameOverride | trunc 52 | trimSuffix "-" }}
{{- else }}
{{- $name := include "otelcol-cloudflare.name" . }}
{{- ternary .Release.Name (printf "%s-%s" .Release.Name $name) (contains $name .Release.Name) | trunc 52 | trimSuffix "-" }}
{{- end }}
{{- end }}

{{- define "otelcol-cloudflare.selector" -}}
app.kubernetes.io/name: {{ include "otelcol-cloudflare.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "otelcol-cloudflare.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
{{ include "otelcol-cloudflare.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | replace "+" "_" | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end }}

{{- define "otelcol-cloudflare.serviceAccountName" -}}
{{- default (ternary (include "otelcol-cloudflare.fullname" .) "default" .Values.serviceAccount.create) .Values.serviceAccount.name }}
{{- end }}

{{- define "otelcol-cloudflare.image" -}}
{{- with .Values.image }}
{{- if .digest }}{{ .repository }}@{{ .digest }}{{ else }}{{ .repository }}:{{ default $.Chart.AppVersion .tag }}{{ end }}
{{- end }}
{{- end }}

{{- /* The Secret with the API token, of which there must be one. */}}
{{- define "otelcol-cloudflare.tokenSecret" -}}
{{- with .Values.apiToken }}
{{- if and .existingSecret .value }}
{{- fail "apiToken: set existingSecret or value, not both" }}
{{- end }}
{{- if not (or .existingSecret .value) }}
{{- fail "apiToken.existingSecret: name a Secret of this namespace with the Cloudflare API token: kubectl create secret generic cloudflare --from-literal=token=… and --set apiToken.existingSecret=cloudflare" }}
{{- end }}
{{- default (include "otelcol-cloudflare.fullname" $) .existingSecret }}
{{- end }}
{{- end }}
