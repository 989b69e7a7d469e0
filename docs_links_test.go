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

// Each link within the repository leads to a file and heading that there is.
func TestLinksLeadSomewhere(t *testing.T) {
	t.Parallel()
	link := regexp.MustCompile(`(?m)\]\(([^)\s]+)\)|^\[[^\]]+\]: (\S+)$`)
	for _, file := range markdownFiles(t) {
		for _, match := range link.FindAllStringSubmatch(prose(t, file), -1) {
			target := match[1] + match[2]
			if strings.Contains(target, "://") || strings.HasPrefix(target, "mailto:") {
				continue
			}
			path, anchor, _ := strings.Cut(target, "#")
			to := file
			if path != "" {
				to = filepath.Join(filepath.Dir(file), path)
			}
			assertLeads(t, file, to, anchor)
		}
	}
}

// So does each address by which alerts and forms, which are read elsewhere, mean the repository.
func TestAddressesLeadSomewhere(t *testing.T) {
	t.Parallel()
	address := regexp.MustCompile(`otelcol-cloudflare/cloudflaremetricsreceiver/blob/main/([\w./-]+)(?:#([\w-]+))?`)
	found := 0
	for _, pattern := range []string{".github/ISSUE_TEMPLATE/*.yml", "dashboards/rules/*.yaml"} {
		files, err := filepath.Glob(pattern)
		require.NoError(t, err)
		for _, file := range files {
			text, err := os.ReadFile(file)
			require.NoError(t, err)
			for _, match := range address.FindAllStringSubmatch(string(text), -1) {
				found++
				assertLeads(t, file, filepath.FromSlash(match[1]), match[2])
			}
		}
	}
	assert.Greater(t, found, 25, "addresses are not found any more")
}

// assertLeads holds that a file is there, and has a heading if it is a page.
func assertLeads(t *testing.T, from, to, anchor string) {
	t.Helper()
	if _, err := os.Stat(to); !assert.NoError(t, err, from) {
		return
	}
	if anchor != "" && strings.HasSuffix(to, ".md") {
		assert.Contains(t, anchors(prose(t, to)), anchor, "%s leads to a heading that %s has not", from, to)
	}
}

// docs/ is a site too, whose navigation has all of its pages and no others.
func TestSiteHasAllPages(t *testing.T) {
	t.Parallel()
	site, err := os.ReadFile("mkdocs.yml")
	require.NoError(t, err)
	var listed []string
	for _, match := range regexp.MustCompile(`(?m)^  - [^:]+: (\S+\.md)$`).FindAllStringSubmatch(string(site), -1) {
		listed = append(listed, filepath.Join("docs", match[1]))
	}
	pages, err := filepath.Glob("docs/*.md")
	require.NoError(t, err)
	assert.ElementsMatch(t, pages, listed)
}
