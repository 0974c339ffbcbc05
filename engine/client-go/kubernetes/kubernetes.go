// Package kubernetes stands where the typed clients of every API are in k8s.io/client-go itself. Helm's SDK imports
// them for one purpose: that the module is listed in the program's build information, from which it learns the
// version of Kubernetes that it tells to charts. engine/go.mod requires that version, and replaces its code by this.
package kubernetes
