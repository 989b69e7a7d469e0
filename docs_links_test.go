// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package cloudflaremetricsreceiver

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// markdownFiles are those of the repository, without what is installed or generated below ignored directories.
func markdownFiles(t *testing.T) []string {
	t.Helper()
	var files []string
	require.NoError(t, filepath.WalkDir(".", func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && (entry.Name() == "node_modules" || entry.Name() == "testdata" || path == "bin" || path == "state" ||
			strings.HasPrefix(entry.Name(), ".") && path != "." && path != ".github"):
			return fs.SkipDir
		case strings.HasSuffix(path, ".md"):
			files = append(files, path)
		}
		return nil
	}))
	return files
}

// prose is a page without its code, which has no links.
func prose(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	fences := regexp.MustCompile("(?ms)^ *```.*?^ *```$")
	return regexp.MustCompile("`[^`\n]*`").ReplaceAllStringFunc(fences.ReplaceAllString(string(text), ""), func(code string) string {
		return strings.NewReplacer("[", "", "]", "", "(", "", ")", "", "#", "").Replace(code)
	})
}

// anchors are the names that GitHub gives a page's headings.
func anchors(text string) []string {
	var list []string
	for _, heading := range regexp.MustCompile(`(?m)^#+ +(.*)$`).FindAllStringSubmatch(text, -1) {
		title := regexp.MustCompile(`\[([^\]]*)\]\([^)]*\)`).ReplaceAllString(heading[1], "$1")
		slug := strings.Map(func(r rune) rune {
			switch {
			case r == ' ':
				return '-'
			case unicode.IsLetter(r), unicode.IsDigit(r), r == '-', r == '_':
				return unicode.ToLower(r)
			default:
				return -1
			}
		}, strings.TrimSpace(title))
		name := slug
		for n := 1; slices.Contains(list, name); n++ {
			name = slug + "-" + strconv.Itoa(n)
		}
		list = append(list, name)
	}
	return list
}

// Each link within the repository leads to a file and heading that there is. docs/ is a site too, whose navigation has all
// of its pages.
func TestLinksLeadSomewhere(t *testing.T) {
	t.Parallel()
	link := regexp.MustCompile(`(?m)\]\(([^)\s]+)\)|^\[[^\]]+\]: (\S+)$`)
	for _, file := range markdownFiles(t) {
		text := prose(t, file)
		for _, match := range link.FindAllStringSubmatch(text, -1) {
			target := match[1] + match[2]
			if strings.Contains(target, "://") || strings.HasPrefix(target, "mailto:") {
				continue
			}
			path, anchor, _ := strings.Cut(target, "#")
			to := file
			if path != "" {
				to = filepath.Join(filepath.Dir(file), path)
			}
			if _, err := os.Stat(to); !assert.NoError(t, err, "%s: %s", file, target) {
				continue
			}
			if anchor != "" && strings.HasSuffix(to, ".md") {
				assert.Contains(t, anchors(prose(t, to)), anchor, "%s: %s", file, target)
			}
		}
	}
	site, err := os.ReadFile("mkdocs.yml")
	require.NoError(t, err)
	pages, err := filepath.Glob("docs/*.md")
	require.NoError(t, err)
	for _, page := range pages {
		assert.Contains(t, string(site), ": "+filepath.Base(page)+"\n", "the site's navigation lacks a page")
	}
}

// The README's table has what there is, and all there is at the top.
func TestREADMEHasTheKeys(t *testing.T) {
	t.Parallel()
	row := regexp.MustCompile("(?m)^\\| (`[^|]+`) \\|")
	token := regexp.MustCompile("`([^`]+)`")
	reference, err := os.ReadFile("docs/configuration.md")
	require.NoError(t, err)
	own, _, _ := strings.Cut(string(reference), "## Receiver `workersmetrics`")
	var keys []string
	for _, match := range row.FindAllStringSubmatch(own, -1) {
		keys = append(keys, strings.Trim(match[1], "`"))
	}
	readme, err := os.ReadFile("README.md")
	require.NoError(t, err)
	_, section, _ := strings.Cut(string(readme), "\n## Configuration\n")
	section, _, _ = strings.Cut(section, "\n## ")
	var listed []string
	for _, match := range row.FindAllStringSubmatch(section, -1) {
		for _, name := range token.FindAllStringSubmatch(match[1], -1) {
			listed = append(listed, name[1])
			assert.True(t, slices.ContainsFunc(keys, func(key string) bool {
				return key == name[1] || strings.HasPrefix(key, name[1]+"::")
			}), "the README has the key %s, the receiver has not", name[1])
		}
	}
	for _, key := range keys {
		top, _, _ := strings.Cut(key, "::")
		assert.True(t, slices.ContainsFunc(listed, func(name string) bool {
			return name == top || strings.HasPrefix(name, top+"::")
		}), "the README lacks %s", top)
	}
}

// Metrics that operators are told to look at are metrics that there are.
func TestNamedMetricsExist(t *testing.T) {
	t.Parallel()
	known := map[string]bool{}
	for name, m := range loadMetadata(t).Metrics {
		known[prometheusName(name, m)] = true
	}
	for _, label := range []string{"account_id", "account_name", "zone_id", "zone_name"} {
		known["cloudflare_"+label] = true
	}
	for _, page := range []string{"operations.md", "quick-start.md", "security.md"} {
		text, err := os.ReadFile(filepath.Join("docs", page))
		require.NoError(t, err)
		for _, name := range regexp.MustCompile(`\bcloudflare_[a-z0-9_]*[a-z0-9]\b`).FindAllString(string(text), -1) {
			assert.True(t, known[name], "%s: there is no metric %s", page, name)
		}
	}
}
