// Copyright The otelcol-cloudflare Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/config/configopaque"
)

// key is one setting. Kind is what may be written there, Default what holds otherwise, in YAML.
type key struct{ Name, Kind, Default, Doc string }

// table is a list of keys below a prefix; the first one of a receiver has none.
type table struct {
	Prefix, Doc string
	Keys        []key
}

// walker goes through a configuration by reflection, in the order of its fields.
type walker struct {
	comments *comments
	// meanings, by key, are given in place of the comments of other modules' fields.
	meanings map[string]string
	tables   []*table
}

// component describes a receiver's configuration.
func (w *walker) component(config component.Config) error {
	own := &table{}
	w.tables = append(w.tables, own)
	return w.fields(reflect.ValueOf(config).Elem(), "", own)
}

func (w *walker) fields(v reflect.Value, prefix string, to *table) error {
	for i := range v.NumField() {
		f := v.Type().Field(i)
		name, options, tagged := strings.Cut(f.Tag.Get("mapstructure"), ",")
		switch {
		case !f.IsExported() || name == "-":
		case tagged && strings.Contains(options, "squash"):
			if err := w.fields(v.Field(i), prefix, to); err != nil {
				return err
			}
		default:
			doc, err := w.comments.of(v.Type(), f.Name, name)
			if err != nil {
				return err
			}
			if ours := w.meanings[prefix+name]; ours != "" {
				doc = ours
			}
			if err := w.field(v.Field(i), key{Name: prefix + name, Doc: doc}, to); err != nil {
				return err
			}
		}
	}
	return nil
}

// field describes one field, and what is below it.
func (w *walker) field(v reflect.Value, k key, to *table) error {
	if inner, set, ok := optional(v); ok {
		if !set {
			k.Kind, k.Default = "section", "not set"
			to.Keys = append(to.Keys, k)
			return w.fields(inner, k.Name+separator, to)
		}
		v = inner
	}
	if text, ok := scalar(v); ok {
		k.Kind, k.Default = text.Kind, text.Default
		to.Keys = append(to.Keys, k)
		return nil
	}
	switch {
	case v.Kind() == reflect.Pointer:
		return w.field(reflect.New(v.Type().Elem()).Elem(), k, to)
	case v.Kind() == reflect.Map:
		k.Kind, k.Default = "section", "{}"
		to.Keys = append(to.Keys, k)
		return w.fields(reflect.New(v.Type().Elem()).Elem(), k.Name+separator+"<name>"+separator, to)
	case v.Kind() != reflect.Struct:
		return fmt.Errorf("%s: there is no word for the type %v", k.Name, v.Type())
	case strings.HasSuffix(v.Type().PkgPath(), "internal/metadata"):
		return alike(v, k.Name, to)
	case to.Prefix == "" && !strings.HasPrefix(v.Type().PkgPath(), module):
		section := &table{Prefix: k.Name, Doc: k.Doc}
		w.tables = append(w.tables, section)
		return w.fields(v, k.Name+separator, section)
	}
	if strings.HasPrefix(v.Type().PkgPath(), module) {
		k.Kind = "section"
		to.Keys = append(to.Keys, k)
	}
	return w.fields(v, k.Name+separator, to)
}

// separator is the one between keys in the Collector's messages.
const separator = "::"

// optional unwraps a configoptional.Optional: what it holds, or would hold if it were set.
func optional(v reflect.Value) (inner reflect.Value, set, ok bool) {
	if !strings.HasPrefix(v.Type().Name(), "Optional[") {
		return v, false, false
	}
	o := reflect.New(v.Type())
	o.Elem().Set(v)
	set = o.MethodByName("HasValue").Call(nil)[0].Bool()
	return o.MethodByName("GetOrInsertDefault").Call(nil)[0].Elem(), set, true
}

// scalar describes what has no keys below it.
func scalar(v reflect.Value) (key, bool) {
	switch value := v.Interface().(type) {
	case time.Duration:
		return key{Kind: "duration", Default: duration(value)}, true
	case *time.Duration:
		return key{Kind: "duration"}, true
	case component.ID, *component.ID:
		return key{Kind: "component"}, true
	case configopaque.String:
		return key{Kind: "string, secret"}, true
	case configopaque.MapList:
		return key{Kind: "map, secret", Default: "{}"}, true
	}
	switch v.Kind() {
	case reflect.Bool:
		return key{Kind: "bool", Default: strconv.FormatBool(v.Bool())}, true
	case reflect.Int, reflect.Int8, reflect.Int32, reflect.Int64, reflect.Uint, reflect.Uint32, reflect.Uint64, reflect.Float64:
		return key{Kind: "number", Default: fmt.Sprint(v.Interface())}, true
	case reflect.String:
		return key{Kind: "string", Default: v.String()}, true
	case reflect.Slice:
		return key{Kind: "list", Default: list(v)}, true
	case reflect.Map:
		return key{Kind: "map", Default: "{}"}, v.Type().Elem().Kind() != reflect.Struct
	default:
		return key{}, false
	}
}

func list(v reflect.Value) string {
	var items []string
	for i := range v.Len() {
		items = append(items, fmt.Sprintf("%q", fmt.Sprint(v.Index(i).Interface())))
	}
	return "[" + strings.Join(items, ", ") + "]"
}

// duration leaves out what is zero at the end: 10m0s is 10m.
func duration(d time.Duration) string {
	text := d.String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}

// alike describes mdatagen's lists of metrics and attributes, where each name has the same keys, by one row for each key.
func alike(v reflect.Value, prefix string, to *table) error {
	type values map[string][]string // names by default
	rows := map[string]values{}
	var order []key
	for i := range v.NumField() {
		one := &table{}
		name := v.Type().Field(i).Tag.Get("mapstructure")
		element := v.Field(i)
		for j := range element.NumField() {
			if f := element.Type().Field(j); f.IsExported() {
				k, ok := scalar(element.Field(j))
				if !ok {
					return fmt.Errorf("%s: there is no word for the type %v", prefix, f.Type)
				}
				k.Name = f.Tag.Get("mapstructure")
				one.Keys = append(one.Keys, k)
			}
		}
		for _, k := range one.Keys {
			if rows[k.Name] == nil {
				rows[k.Name] = values{}
				order = append(order, k)
			}
			rows[k.Name][k.Default] = append(rows[k.Name][k.Default], name)
		}
	}
	for _, k := range order {
		k.Default = slices.MaxFunc(slices.Sorted(maps.Keys(rows[k.Name])), func(a, b string) int {
			return cmp.Compare(len(rows[k.Name][a]), len(rows[k.Name][b]))
		})
		k.Doc = generatedDoc(k.Name)
		for other, names := range rows[k.Name] {
			if other != k.Default {
				k.Doc += fmt.Sprintf(" It is `%s` for `%s`.", other, strings.Join(names, "`, `"))
			}
		}
		k.Name = prefix + separator + "<name>" + separator + k.Name
		to.Keys = append(to.Keys, k)
	}
	return nil
}

// generatedDoc is what mdatagen's keys mean, whose fields have no comments of use to others.
func generatedDoc(name string) string {
	switch name {
	case "enabled":
		return "Whether it is emitted."
	case "metrics_include":
		return "Filters: emit only resources for which the attribute's value is one of these, `strict:` or `regexp:`."
	case "metrics_exclude":
		return "Filters: emit no resources for which the attribute's value is one of these, `strict:` or `regexp:`."
	default:
		return ""
	}
}
