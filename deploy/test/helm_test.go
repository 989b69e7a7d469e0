// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package deploytest

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"helm.sh/helm/v4/pkg/chart/common"
	"helm.sh/helm/v4/pkg/chart/common/util"
	"helm.sh/helm/v4/pkg/chart/v2/lint"
	"helm.sh/helm/v4/pkg/chart/v2/loader"
	"helm.sh/helm/v4/pkg/engine"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/pod-security-admission/api"
	"k8s.io/pod-security-admission/policy"
	"sigs.k8s.io/yaml"
)

var chart = filepath.Join(repository, "deploy", "helm", "otelcol-cloudflare")

// The values that the chart is tested with, by what they are for.
var releases = map[string]string{
	"the least": `{apiToken: {existingSecret: cloudflare}}`,
	"the token in the values, and nothing on disk": `
apiToken: {value: secret}
persistence: {enabled: false}
serviceAccount: {create: false}
networkPolicy: {enabled: false}`,
	"everything": `
fullnameOverride: edge
apiToken: {existingSecret: cloudflare, key: api-token}
image: {digest: "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"}
imagePullSecrets: [{name: registry}]
listenAddress: "[::]"
logLevel: debug
config:
  receivers:
    cloudflaremetrics:
      zones: {include: ["*.example.com"]}
      drop_attributes: [host]
extraEnv: [{name: HTTPS_PROXY, value: "http://proxy:3128"}]
extraEnvFrom: [{secretRef: {name: more}}]
workers: {enabled: true, existingSecret: workers}
persistence: {storageClassName: fast, size: 5Gi, accessModes: [ReadWriteOncePod], annotations: {a: b}}
resources: {limits: {memory: 1Gi}}
goMemLimit: 800MiB
serviceAccount: {name: mine, annotations: {a: b}}
service: {annotations: {a: b}}
serviceMonitor: {enabled: true, labels: {release: prometheus}}
prometheusRule: {enabled: true, labels: {release: prometheus}}
dashboards: {enabled: true, annotations: {grafana_folder: Cloudflare}}
networkPolicy:
  ingressFrom: [{namespaceSelector: {matchLabels: {name: monitoring}}}]
  extraEgress: [{ports: [{port: 3128, protocol: TCP}]}]
podAnnotations: {a: b}
podLabels: {a: b}
priorityClassName: high
nodeSelector: {disk: ssd}
tolerations: [{operator: Exists}]
affinity: {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms: [{matchFields: []}]}}}
extraVolumes: [{name: ca, configMap: {name: ca}}]
extraVolumeMounts: [{name: ca, mountPath: /etc/ssl/certs}]`,
	"by OTLP, with a claim of one's own": `
apiToken: {existingSecret: cloudflare}
output: otlp
extraEnv: [{name: OTLP_ENDPOINT, value: "https://otlp.example.com"}]
workers: {enabled: true, existingSecret: workers}
persistence: {existingClaim: mine}
serviceMonitor: {enabled: true}`,
	"with another exporter's names": `{apiToken: {existingSecret: cloudflare}, compat: lablabs, dashboards: {enabled: true}}`,
	"with another exporter's names by OTLP, and Workers": `
apiToken: {existingSecret: cloudflare}
output: otlp
compat: cloudflare-exporter
workers: {enabled: true, existingSecret: workers}`,
	"with another exporter's names by remote write": `
apiToken: {existingSecret: cloudflare}
output: remote-write
compat: seed
serviceMonitor: {enabled: true, interval: 15s}`,
	"by remote write": `
apiToken: {existingSecret: cloudflare}
output: remote-write
extraEnv:
  - {name: REMOTE_WRITE_ENDPOINT, value: "https://prometheus.example.com/api/v1/write"}
  - {name: REMOTE_WRITE_PASSWORD, valueFrom: {secretKeyRef: {name: remote, key: password}}}`,
}

// Every release passes Helm's linter without a word.
func TestChartLints(t *testing.T) {
	t.Parallel()
	for name, values := range releases {
		linter := lint.RunAll(chart, parse(t, values), "monitoring")
		for _, message := range linter.Messages {
			if !strings.Contains(message.Error(), "icon is recommended") {
				t.Errorf("%s: %s", name, message)
			}
		}
	}
}

// What a release makes is what Kubernetes and the Prometheus operator know, and its pod may run where PodSecurity is
// restricted.
func TestChartRenders(t *testing.T) {
	t.Parallel()
	for name, values := range releases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			objects := render(t, values)
			expectRestricted(t, objects.pod())
			pod := objects.pod().Spec
			container := pod.Containers[0]
			assert.Equal(t, "/status?pipeline=extensions", container.LivenessProbe.HTTPGet.Path)
			assert.Equal(t, "/status?pipeline=extensions", container.StartupProbe.HTTPGet.Path)
			assert.Equal(t, "/status", container.ReadinessProbe.HTTPGet.Path)
			assert.True(t, *container.SecurityContext.ReadOnlyRootFilesystem)
			assert.False(t, *pod.AutomountServiceAccountToken)
			assert.Equal(t, int32(1), *objects.set.Spec.Replicas)
			expectPorts(t, objects)
			expectValid(t, objects)
		})
	}
}

// A wrong configuration that is taken back is replaced although its pod never became ready, which Kubernetes does with no
// other policy.
func TestChartRecoversFromAWrongConfiguration(t *testing.T) {
	t.Parallel()
	assert.Equal(t, appsv1.ParallelPodManagement, render(t, releases["the least"]).set.Spec.PodManagementPolicy)
}

// The operator's jobs have the names of deploy/prometheus/prometheus.yml, by which an alert goes, whatever the release is
// called, and scrapes that end before the next one begins.
func TestChartNamesJobs(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(filepath.Join(repository, "deploy", "prometheus", "prometheus.yml"))
	require.NoError(t, err)
	for _, name := range []string{"everything", "with another exporter's names by remote write"} {
		endpoints := render(t, releases[name]).monitor.Spec.Endpoints
		require.NotEmpty(t, endpoints, name)
		for _, endpoint := range endpoints {
			require.Len(t, endpoint.RelabelConfigs, 1, endpoint.Port)
			job := endpoint.RelabelConfigs[0]
			assert.Equal(t, "job", job.TargetLabel, endpoint.Port)
			assert.Contains(t, string(text), "- job_name: "+*job.Replacement+"\n", endpoint.Port)
			if endpoint.ScrapeTimeout != "" {
				assert.Equal(t, endpoint.Interval, endpoint.ScrapeTimeout, endpoint.Port)
			}
		}
	}
}

func TestChartWarns(t *testing.T) {
	t.Parallel()
	assert.Contains(t, render(t, releases["with another exporter's names"]).notes, "find nothing under the names of compat: lablabs")
	assert.NotContains(t, render(t, releases["everything"]).notes, "WARNING")
	assert.NotContains(t, render(t, releases["by remote write"]).notes, "WARNING")
}

func TestChartState(t *testing.T) {
	t.Parallel()
	least := render(t, releases["the least"]).set
	require.Len(t, least.Spec.VolumeClaimTemplates, 1)
	assert.Equal(t, "state", least.Spec.VolumeClaimTemplates[0].Name)

	none := render(t, releases["the token in the values, and nothing on disk"])
	assert.Empty(t, none.set.Spec.VolumeClaimTemplates)
	assert.Contains(t, none.notes, "persistence.enabled is false")
	assert.Contains(t, none.notes, "token is in the values")
	assert.Equal(t, map[string]string{"token": "secret"}, none.secret.StringData)

	own := render(t, releases["by OTLP, with a claim of one's own"])
	assert.Empty(t, own.set.Spec.VolumeClaimTemplates)
	volumes := own.pod().Spec.Volumes
	i := slices.IndexFunc(volumes, func(v corev1.Volume) bool { return v.Name == "state" })
	assert.Equal(t, "mine", volumes[i].PersistentVolumeClaim.ClaimName)
}

// Another configuration makes another pod, the same one does not.
func TestChartRollsOutAnotherConfiguration(t *testing.T) {
	t.Parallel()
	checksum := func(config string) string {
		o := render(t, "{apiToken: {existingSecret: cloudflare}, config: "+config+"}")
		return o.pod().Annotations["checksum/config"]
	}
	before := checksum("{receivers: {cloudflaremetrics: {delay: 4m, lookback: 1h}}}")
	assert.Equal(t, before, checksum("{receivers: {cloudflaremetrics: {lookback: 1h, delay: 4m}}}"))
	assert.NotEqual(t, before, checksum("{receivers: {cloudflaremetrics: {delay: 5m, lookback: 1h}}}"))
}

// Rules and dashboards are those of the repository.
func TestChartHasRulesAndDashboards(t *testing.T) {
	t.Parallel()
	objects := render(t, releases["everything"])
	rules, err := filepath.Glob(filepath.Join(repository, "dashboards", "rules", "*.yaml"))
	require.NoError(t, err)
	assert.NotEmpty(t, rules)
	assert.Len(t, objects.rules, len(rules))
	for _, rule := range objects.rules {
		assert.NotEmpty(t, rule.Spec.Groups, rule.Name)
	}
	dashboards, err := filepath.Glob(filepath.Join(repository, "dashboards", "*.json"))
	require.NoError(t, err)
	assert.Len(t, objects.dashboards, len(dashboards))
}

// Wrong values are refused with a message that says what to write.
func TestChartRefuses(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ values, want string }{
		"no token":           {`{}`, "kubectl create secret"},
		"two tokens":         {`{apiToken: {existingSecret: a, value: b}}`, "existingSecret or value"},
		"an unknown key":     {`{apiToken: {existingSecret: a}, replicas: 2}`, "replicas"},
		"an unknown output":  {`{apiToken: {existingSecret: a}, output: kafka}`, "output"},
		"Workers, no token":  {`{apiToken: {existingSecret: a}, workers: {enabled: true}}`, "workers"},
		"Workers, and write": {`{apiToken: {existingSecret: a}, output: remote-write, workers: {enabled: true, existingSecret: a}}`, "a second time"},
	} {
		_, err := template(t, tt.values)
		assert.ErrorContains(t, err, tt.want, name)
	}
}

// objects are what a release consists of.
type objects struct {
	set        appsv1.StatefulSet
	service    corev1.Service
	config     corev1.ConfigMap
	secret     corev1.Secret
	monitor    monitoringv1.ServiceMonitor
	policy     networkingv1.NetworkPolicy
	rules      []monitoringv1.PrometheusRule
	dashboards []corev1.ConfigMap
	notes      string
}

func (o *objects) pod() *corev1.PodTemplateSpec { return &o.set.Spec.Template }

// template renders the chart as helm template does, by file.
func template(t *testing.T, values string) (map[string]string, error) {
	t.Helper()
	loaded, err := loader.Load(chart)
	require.NoError(t, err)
	all, err := util.ToRenderValues(loaded, parse(t, values),
		common.ReleaseOptions{Name: "test", Namespace: "monitoring", IsInstall: true}, common.DefaultCapabilities)
	if err != nil {
		return nil, err
	}
	return engine.Render(loaded, all)
}

// render decodes everything strictly: a field that the API does not know fails the test.
func render(t *testing.T, values string) *objects {
	t.Helper()
	rendered, err := template(t, values)
	require.NoError(t, err)
	var o objects
	for _, path := range slices.Sorted(maps.Keys(rendered)) {
		file := filepath.Base(path)
		if file == "NOTES.txt" {
			o.notes = rendered[path]
			continue
		}
		for document := range strings.SplitSeq(rendered[path], "\n---\n") {
			if strings.TrimSpace(document) != "" {
				o.decode(t, file, document)
			}
		}
	}
	return &o
}

func (o *objects) decode(t *testing.T, file, document string) {
	t.Helper()
	var into any
	switch file {
	case "statefulset.yaml":
		into = &o.set
	case "service.yaml":
		into = &o.service
	case "configmap.yaml":
		into = &o.config
	case "secret.yaml":
		into = &o.secret
	case "servicemonitor.yaml":
		into = &o.monitor
	case "networkpolicy.yaml":
		into = &o.policy
	case "serviceaccount.yaml":
		into = &corev1.ServiceAccount{}
	case "prometheusrule.yaml":
		o.rules = append(o.rules, monitoringv1.PrometheusRule{})
		into = &o.rules[len(o.rules)-1]
	case "dashboards.yaml":
		o.dashboards = append(o.dashboards, corev1.ConfigMap{})
		into = &o.dashboards[len(o.dashboards)-1]
	default:
		require.FailNow(t, "unexpected template", file)
	}
	require.NoError(t, yaml.UnmarshalStrict([]byte(document), into), "%s:\n%s", file, document)
}

// expectRestricted judges the pod as the admission controller of PodSecurity does.
func expectRestricted(t *testing.T, pod *corev1.PodTemplateSpec) {
	t.Helper()
	evaluator, err := policy.NewEvaluator(policy.DefaultChecks(), nil)
	require.NoError(t, err)
	level := api.LevelVersion{Level: api.LevelRestricted, Version: api.LatestVersion()}
	result := policy.AggregateCheckResults(evaluator.EvaluatePod(level, &metav1.ObjectMeta{}, &pod.Spec))
	assert.True(t, result.Allowed, result.ForbiddenDetail())
}

// expectPorts holds the names by which Service, ServiceMonitor, NetworkPolicy and probes mean the container's ports.
func expectPorts(t *testing.T, o *objects) {
	t.Helper()
	container := o.pod().Spec.Containers[0]
	named := map[string]int32{}
	for _, port := range container.Ports {
		named[port.Name] = port.ContainerPort
	}
	for _, port := range o.service.Spec.Ports {
		assert.Equal(t, named[port.TargetPort.StrVal], port.Port, "service port %s", port.Name)
	}
	for _, endpoint := range o.monitor.Spec.Endpoints {
		assert.Contains(t, named, endpoint.Port)
		assert.Equal(t, endpoint.Port != "telemetry", endpoint.HonorLabels, endpoint.Port)
	}
	for _, rule := range o.policy.Spec.Ingress {
		for _, port := range rule.Ports {
			assert.Contains(t, named, port.Port.StrVal)
		}
	}
	environment := map[string]string{}
	for _, variable := range container.Env {
		environment[variable.Name] = variable.Value
	}
	assert.Equal(t, strconv.Itoa(int(named["health"])), environment["HEALTH_PORT"])
	assert.Equal(t, strconv.Itoa(int(named["telemetry"])), environment["TELEMETRY_PORT"])
	if port, ok := named["metrics"]; ok {
		assert.Equal(t, strconv.Itoa(int(port)), environment["METRICS_PORT"])
	}
	assert.Equal(t, environment["METRICS_ADDR"], environment["HEALTH_ADDR"])
}

// expectValid has the Collector of the image judge the configuration of the ConfigMap, with the pod's arguments and variables.
func expectValid(t *testing.T, o *objects) {
	t.Helper()
	im := assemble(t, "collector")
	mounted := filepath.Join(im.root, "etc", "otelcol-cloudflare", "overlay")
	require.NoError(t, os.Mkdir(mounted, 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(mounted, "config.yaml"), []byte(o.config.Data["config.yaml"]), 0o644))
	environment := map[string]string{}
	for _, variable := range o.pod().Spec.Containers[0].Env {
		environment[variable.Name] = variable.Value
		if variable.ValueFrom != nil {
			environment[variable.Name] = token
		}
	}
	c := run(t, im, environment, append([]string{"validate"}, o.pod().Spec.Containers[0].Args...)...)
	<-c.done
	assert.Zero(t, c.cmd.ProcessState.ExitCode())
	assert.Empty(t, c.log.String())
}

func parse(t *testing.T, text string) map[string]any {
	t.Helper()
	values := map[string]any{}
	require.NoError(t, yaml.Unmarshal([]byte(text), &values))
	return values
}
