// Package gotemplate holds no code: its tests are the templates of ApplicationSets, rendered by text/template and sprig
// themselves. argofix expands ApplicationSets with an evaluator of its own (gitops/gotemplate), which is held against
// what is written here, and the other way round.
package gotemplate
