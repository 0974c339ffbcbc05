package main

import (
	"path"
	"strings"

	"sigs.k8s.io/kustomize/api/types"
)

// closure returns the files that a root may read: those in and below the directories of its kustomizations, and what
// their entries name elsewhere. It is wider than what the Python side sends, and for a speed that means something it is
// much less than a whole repository.
func closure(contents map[string][]byte, links map[string]string, root string) map[string]bool {
	walk := closing{contents, links, map[string]bool{}, map[string]bool{}}
	walk.directory(path.Clean(root))
	for link := range links {
		if walk.directories[path.Dir(link)] {
			walk.entry(link)
		}
	}
	for name := range contents {
		for directory := path.Dir(name); ; directory = path.Dir(directory) {
			if walk.directories[directory] {
				walk.files[name] = true
			}
			if directory == "." {
				break
			}
		}
	}
	return walk.files
}

type closing struct {
	contents    map[string][]byte
	links       map[string]string
	directories map[string]bool
	files       map[string]bool
}

func (c *closing) directory(name string) {
	name = c.follow(name)
	if c.directories[name] || strings.HasPrefix(name, "..") {
		return
	}
	for _, base := range []string{"kustomization.yaml", "kustomization.yml", "Kustomization"} {
		text, found := c.contents[path.Join(name, base)]
		if !found {
			continue
		}
		c.directories[name] = true
		var fields types.Kustomization
		if fields.Unmarshal(text) != nil {
			continue
		}
		for _, entries := range [][]string{
			fields.Resources, fields.Bases, fields.Components, fields.Generators, fields.Transformers, fields.Validators,
			fields.Configurations, fields.Crds,
		} {
			for _, entry := range entries {
				c.entry(path.Join(name, entry))
			}
		}
		for _, patch := range append(fields.Patches, fields.PatchesJson6902...) {
			c.entry(path.Join(name, patch.Path))
		}
		for _, patch := range fields.PatchesStrategicMerge {
			c.entry(path.Join(name, string(patch)))
		}
		if globals := fields.HelmGlobals; globals != nil && globals.ChartHome != "" {
			c.directories[path.Join(name, globals.ChartHome)] = true
		}
		for _, generator := range fields.ConfigMapGenerator {
			c.sources(name, generator.KvPairSources)
		}
		for _, generator := range fields.SecretGenerator {
			c.sources(name, generator.KvPairSources)
		}
	}
}

func (c *closing) sources(directory string, sources types.KvPairSources) {
	for _, entry := range append(append(sources.FileSources, sources.EnvSources...), sources.EnvSource) {
		_, file, keyed := strings.Cut(entry, "=")
		if !keyed {
			file = entry
		}
		c.entry(path.Join(directory, file))
	}
}

// follow returns where a path leads. What no link leads to is the path itself.
func (c *closing) follow(name string) string {
	for range 40 { // as many as Linux follows
		link, rest := name, ""
		for link != "." && link != "/" && c.links[link] == "" {
			link, rest = path.Dir(link), path.Join(path.Base(link), rest)
		}
		target := c.links[link]
		if target == "" || path.IsAbs(target) {
			return name
		}
		name = path.Join(path.Dir(link), target, rest)
	}
	return name
}

func (c *closing) entry(name string) {
	name = c.follow(name)
	if _, found := c.contents[name]; found {
		c.files[name] = true
	} else {
		c.directory(name)
	}
}
