// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package deploytest

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/cli"
	"github.com/compose-spec/compose-go/v2/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"
)

// compose loads files with the library and the schema of docker compose config.
func compose(t *testing.T, env []string, files ...string) *types.Project {
	t.Helper()
	for i, file := range files {
		files[i] = filepath.Join(repository, "deploy", file)
	}
	options, err := cli.NewProjectOptions(files, cli.WithEnv(env), cli.WithResolvedPaths(true))
	require.NoError(t, err)
	project, err := options.LoadProject(t.Context())
	require.NoError(t, err)
	return project
}

func TestComposeServicesAreContained(t *testing.T) {
	t.Parallel()
	for _, project := range []*types.Project{
		compose(t, nil, "compose.yaml"),
		compose(t, nil, "compose.yaml", "compose.simulator.yaml"),
	} {
		for name, service := range project.Services {
			assert.True(t, service.ReadOnly, name)
			assert.Equal(t, []string{"ALL"}, service.CapDrop, name)
			assert.Equal(t, []string{"no-new-privileges:true"}, service.SecurityOpt, name)
			assert.Equal(t, "unless-stopped", service.Restart, name)
			for _, port := range service.Ports {
				assert.Equal(t, "127.0.0.1", port.HostIP, name)
			}
			_, tag, pinned := strings.Cut(service.Image, ":")
			if assert.True(t, pinned, name) && service.Build == nil {
				assert.NotEqual(t, "latest", tag, name)
			}
		}
	}
}

// What is mounted and built is there, and what the Dockerfile makes fits.
func TestComposeFindsWhatItMounts(t *testing.T) {
	t.Parallel()
	project := compose(t, nil, "compose.yaml", "compose.simulator.yaml")
	for name, service := range project.Services {
		for _, volume := range service.Volumes {
			if volume.Type == types.VolumeTypeBind {
				assert.True(t, volume.ReadOnly, "%s: %s", name, volume.Source)
				_, err := os.Stat(volume.Source)
				require.NoError(t, err, name)
			}
		}
		if service.Build != nil {
			assert.FileExists(t, filepath.Join(service.Build.Context, service.Build.Dockerfile), name)
			im := assemble(t, service.Build.Target)
			for _, arg := range service.Command {
				if _, path, found := strings.Cut(arg, "--config="); found {
					assert.FileExists(t, filepath.Join(im.root, path), name)
				}
			}
			for _, volume := range im.volumes {
				assert.True(t, mounts(service, volume), "%s mounts the image's volume %s", name, volume)
			}
		}
	}
}

func mounts(service types.ServiceConfig, target string) bool {
	for _, volume := range service.Volumes {
		if volume.Target == target {
			return true
		}
	}
	return false
}

// Each starts when what it needs is healthy.
func TestComposeStartsInOrder(t *testing.T) {
	t.Parallel()
	services := compose(t, nil, "compose.yaml", "compose.simulator.yaml").Services
	for name, needs := range map[string]string{"grafana": "prometheus", "prometheus": "collector", "collector": "simulator"} {
		assert.Equal(t, types.ServiceConditionHealthy, services[name].DependsOn[needs].Condition, name)
		assert.True(t, services[needs].HealthCheck != nil || services[needs].Build != nil, "%s has a health check", needs)
	}
}

// The token comes from the environment that compose is started in; the simulator needs none, and has a state of its own.
func TestComposeToken(t *testing.T) {
	t.Parallel()
	state := func(project *types.Project) string { return project.Services["collector"].Volumes[0].Source }
	own := compose(t, []string{"CLOUDFLARE_API_TOKEN=" + token}, "compose.yaml")
	assert.Equal(t, token, *own.Services["collector"].Environment["CLOUDFLARE_API_TOKEN"])
	simulated := compose(t, nil, "compose.yaml", "compose.simulator.yaml")
	assert.Len(t, simulated.Services["collector"].Volumes, 1)
	assert.NotEqual(t, state(own), state(simulated))
}

// Prometheus scrapes what the Collector serves, and Grafana finds data source and dashboards.
func TestComposeConfigurations(t *testing.T) {
	t.Parallel()
	project := compose(t, nil, "compose.yaml")
	assert.Equal(t, "0.0.0.0", *project.Services["collector"].Environment["TELEMETRY_ADDR"])
	rules, err := filepath.Glob(filepath.Join(repository, "dashboards", composePrometheus(t).RuleFiles[0]))
	require.NoError(t, err)
	assert.NotEmpty(t, rules)

	var sources struct {
		Datasources []struct {
			Type, URL string
			IsDefault bool // which the dashboards' variable takes
		}
	}
	readYAML(t, filepath.Join("compose", "grafana", "datasources", "prometheus.yaml"), &sources)
	require.Len(t, sources.Datasources, 1)
	assert.Equal(t, "http://prometheus:9090", sources.Datasources[0].URL)
	assert.Equal(t, "prometheus", sources.Datasources[0].Type)
	assert.True(t, sources.Datasources[0].IsDefault)

	var dashboards struct {
		Providers []struct{ Options struct{ Path string } }
	}
	readYAML(t, filepath.Join("compose", "grafana", "dashboards", "cloudflare.yaml"), &dashboards)
	require.Len(t, dashboards.Providers, 1)
	assert.True(t, mounts(project.Services["grafana"], dashboards.Providers[0].Options.Path))
}

// Compose's Prometheus scrapes as the one of deploy/prometheus does, which the end-to-end tests run; only targets differ.
func TestComposeScrapesAsIsTested(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(filepath.Join(repository, "deploy", "prometheus", "prometheus.yml"))
	require.NoError(t, err)
	var want prometheusConfig
	require.NoError(t, yaml.Unmarshal([]byte(strings.ReplaceAll(string(text), "127.0.0.1:", "collector:")), &want))
	have := composePrometheus(t)
	assert.NotEmpty(t, have.ScrapeConfigs)
	assert.Equal(t, want.ScrapeConfigs, have.ScrapeConfigs)
	assert.Equal(t, want.Global, have.Global)
}

// prometheusConfig is a part of Prometheus' configuration.
type prometheusConfig struct {
	Global        map[string]any   `json:"global"`
	RuleFiles     []string         `json:"rule_files"`
	ScrapeConfigs []map[string]any `json:"scrape_configs"`
}

func composePrometheus(t *testing.T) (config prometheusConfig) {
	t.Helper()
	readYAML(t, filepath.Join("compose", "prometheus.yml"), &config)
	return config
}

// readYAML decodes a file below deploy/.
func readYAML(t *testing.T, path string, into any) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(repository, "deploy", path))
	require.NoError(t, err)
	require.NoError(t, yaml.Unmarshal(text, into))
}
