package main

import (
	"bytes"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"sigs.k8s.io/yaml"

	"github.com/argofix/argofix/engine/internal/protocol"
)

// build runs the reference, with --enable-helm where the path of a helm is given: the objects as JSON, or what it said when it failed.
func build(program, directory, helm string) (
	objects []string, said string, used time.Duration, err error,
) {
	arguments := []string{"build"}
	if strings.HasPrefix(filepath.Base(program), "kubectl") {
		arguments = []string{"kustomize"}
	}
	if helm != "" {
		arguments = append(arguments, "--enable-helm")
	}
	command := exec.Command(program, append(arguments, directory)...)
	// Nothing is fetched: no git, no proxy that answers.
	command.Env = []string{
		"HOME=/nonexistent", "PATH=/nonexistent", "HTTPS_PROXY=http://127.0.0.1:9", "HTTP_PROXY=http://127.0.0.1:9",
	}
	if helm != "" {
		command.Env[1] = "PATH=" + filepath.Dir(helm)
	}
	var stdout, stderr bytes.Buffer
	command.Stdout, command.Stderr = &stdout, &stderr
	var exit *exec.ExitError
	err = command.Run()
	if err != nil && !errors.As(err, &exit) {
		return nil, "", 0, err
	}
	used = command.ProcessState.UserTime() + command.ProcessState.SystemTime()
	if err != nil {
		return nil, last(stderr.String()), used, nil
	}
	for _, document := range strings.Split("\n"+stdout.String(), "\n---\n") {
		if strings.TrimSpace(document) == "" {
			continue
		}
		object, err := yaml.YAMLToJSON([]byte(document))
		if err != nil {
			return nil, "", 0, err
		}
		objects = append(objects, string(object))
	}
	return objects, "", used, nil
}

// last is what stands behind `Error: ` where that begins a line; kustomize writes warnings before it.
func last(said string) string {
	if found := failing.FindAllStringIndex(said, -1); found != nil {
		said = said[found[len(found)-1][1]:]
	}
	return strings.TrimSpace(said)
}

var failing = regexp.MustCompile(`(?m)^[Ee]rror: `)

// differ tells how an answer differs from the reference, "" where it does not.
func differ(directory string, answer *protocol.Answer, objects []string, said string) string {
	switch {
	case answer.Error != nil && said == "":
		return fmt.Sprintf("fails only in the engine: %s %s", answer.Error.Code, answer.Error.Message)
	case answer.Error == nil && said != "":
		return "fails only in the reference: " + said
	case answer.Error != nil:
		return differentWords(directory, answer.Error, said)
	case len(answer.Resources) != len(objects):
		return fmt.Sprintf("%d resources, where the reference has %d", len(answer.Resources), len(objects))
	}
	for i, one := range answer.Resources {
		object, err := yaml.JSONToYAML(one.Object)
		if err == nil {
			object, err = yaml.YAMLToJSON(object)
		}
		if err != nil || string(object) != objects[i] {
			return fmt.Sprintf("resource %d is\n  %s\nwhere the reference has\n  %s", i, one.Object, objects[i])
		}
	}
	return ""
}

// differentWords compares messages, but for those of what has to be fetched, where the reference tried, and of what
// kustomize dies of.
func differentWords(directory string, failed *protocol.Error, said string) string {
	if failed.Code == protocol.NeedsURL || failed.Code == protocol.NeedsChart {
		return ""
	}
	if failed.Code == protocol.Panicked && strings.Contains(said, "goroutine 1 [running]") {
		return "" // the reference ends with the same panic
	}
	real, err := filepath.EvalSymlinks(directory)
	if err != nil {
		real = directory
	}
	for _, base := range []string{real, directory} {
		said = strings.ReplaceAll(strings.ReplaceAll(said, base+"/", ""), "'"+base+"'", "'.'")
	}
	// kustomize adds the command that it ran and its environment to what helm says.
	said, _, _ = strings.Cut(said, "\n\nUse --debug flag to render out invalid YAML")
	if normal(said) != normal(failed.Message) {
		return fmt.Sprintf("says\n  %s\nwhere the reference says\n  %s", failed.Message, said)
	}
	return ""
}

// address is what the memory of a process decides: a pointer in a message.
var address = regexp.MustCompile(`0x[0-9a-f]{4,}|<nil>`)

func normal(said string) string {
	return strings.Join(strings.Fields(address.ReplaceAllString(said, "0x")), " ")
}
