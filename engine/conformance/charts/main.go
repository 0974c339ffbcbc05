// Command charts renders the charts below cases/ twice, with `helm template` as Argo CD calls it and with the engine, and
// tells where resources, their order or the words of errors differ.
//
//	go run ./charts [--helm PATH] [--cases DIRECTORY] [--answers FILE] [CASE...]
//	go run ./charts [--helm PATH] --checkouts DIRECTORY...
//
// Without --helm it is the version that this module pins as a tool. A case is a text file of files, each below a line
// `-- path --`; `ask.json` is the `helm` of a request to the engine. It exits with 1 where anything differs.
package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"sigs.k8s.io/yaml"

	"github.com/argofix/argofix/engine/internal/argocd"
	"github.com/argofix/argofix/engine/internal/helm"
	"github.com/argofix/argofix/engine/internal/protocol"
	"github.com/argofix/argofix/engine/internal/store"
)

func main() {
	program := flag.String("helm", "", "the program helm")
	directory := flag.String("cases", "charts/cases", "directory of the cases")
	checkouts := flag.Bool("checkouts", false, "the arguments are directories: every chart in them, with each of its values files")
	recorded := flag.String("answers", "", "a file for what helm answers: names and digests, as internal/helm keeps them")
	flag.Parse()
	if *checkouts {
		os.Exit(compareCheckouts(*program, flag.Args()))
	}
	found, err := filepath.Glob(filepath.Join(*directory, "*.txt"))
	if err != nil || len(found) == 0 {
		fmt.Fprintln(os.Stderr, "there are no cases in", *directory)
		os.Exit(2)
	}
	differing, tried, failed := 0, 0, 0
	var answers strings.Builder
	for _, file := range found {
		name := strings.TrimSuffix(filepath.Base(file), ".txt")
		if flag.NArg() > 0 && !slices.Contains(flag.Args(), name) {
			continue
		}
		tried++
		said, answer, err := compare(*program, file)
		if err != nil {
			fmt.Fprintf(os.Stderr, "%s: %v\n", name, err)
			os.Exit(2)
		}
		fmt.Fprintf(&answers, "%s %s\n", name, answer.digest())
		if answer.said != "" {
			failed++
		}
		if said != "" {
			differing++
			fmt.Printf("%s: %s\n", name, said)
		}
	}
	fmt.Printf("%d charts, of which helm refuses %d: %d differ\n", tried, failed, differing)
	if *recorded != "" {
		if err := os.WriteFile(*recorded, []byte(answers.String()), 0o644); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(2)
		}
	}
	if differing > 0 {
		os.Exit(1)
	}
}

// answer is what one of the two says: objects as JSON, or why there are none.
type answer struct {
	objects []string
	said    string
}

// digest is as in internal/helm/recorded_test.go: words of errors are not in it.
func (a answer) digest() string {
	if a.said != "" {
		return "fails"
	}
	sum := sha256.Sum256([]byte(strings.Join(a.objects, "\n")))
	return hex.EncodeToString(sum[:8])
}

// compare tells how the two differ, and what helm says.
func compare(program, file string) (string, answer, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return "", answer{}, err
	}
	files := tree(string(data))
	asked := protocol.Helm{Chart: "chart", ReleaseName: "web", Namespace: "shop", KubeVersion: "1.33.0"}
	if text, ok := files["ask.json"]; ok {
		if err := json.Unmarshal([]byte(text), &asked); err != nil {
			return "", answer{}, err
		}
	}
	var theirs, ours answer
	if theirs.objects, theirs.said, err = reference(program, files, asked); err != nil {
		return "", theirs, err
	}
	if ours.objects, ours.said, err = engine(files, asked); err != nil {
		return "", theirs, err
	}
	switch {
	case normal(theirs.said) != normal(ours.said):
		return fmt.Sprintf("helm says\n  %s\nand the engine\n  %s", theirs.said, ours.said), theirs, nil
	case !slices.Equal(theirs.objects, ours.objects):
		return fmt.Sprintf("helm makes\n  %s\nand the engine\n  %s", strings.Join(theirs.objects, "\n  "),
			strings.Join(ours.objects, "\n  ")), theirs, nil
	}
	return "", theirs, nil
}

func engine(files map[string]string, asked protocol.Helm) (objects []string, said string, err error) {
	opened, err := store.FromMap(files, nil)
	if err != nil {
		return nil, "", err
	}
	answer, err := helm.New().Render(context.Background(), opened, &protocol.Request{Helm: &asked})
	if err != nil {
		return nil, err.Error(), nil
	}
	for _, resource := range answer.Resources {
		object, err := yaml.YAMLToJSON(resource.Object)
		if err != nil {
			return nil, "", err
		}
		objects = append(objects, string(object))
	}
	return objects, "", nil
}

// reference runs helm in a directory of its own.
func reference(program string, files map[string]string, asked protocol.Helm) (objects []string, said string, err error) {
	root, err := os.MkdirTemp("", "chart")
	if err != nil {
		return nil, "", err
	}
	defer func() { _ = os.RemoveAll(root) }()
	for name, text := range files {
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return nil, "", err
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			return nil, "", err
		}
	}
	inline := []byte(asked.Values)
	if len(asked.ValuesObject) > 0 {
		inline = asked.ValuesObject
	}
	if len(inline) > 0 {
		if err := os.WriteFile(filepath.Join(root, "inline.yaml"), inline, 0o644); err != nil {
			return nil, "", err
		}
	}
	return run(program, filepath.Join(root, asked.Chart), root, arguments(root, asked))
}

// arguments are those of argo-cd's util/helm/cmd.go.
func arguments(root string, asked protocol.Helm) []string {
	arguments := []string{
		"template", ".", "--name-template", asked.ReleaseName, "--namespace", asked.Namespace,
		"--kube-version", asked.KubeVersion,
	}
	for _, name := range asked.ValueFiles {
		arguments = append(arguments, "--values", name)
	}
	if len(asked.Values)+len(asked.ValuesObject) > 0 {
		arguments = append(arguments, "--values", filepath.Join(root, "inline.yaml"))
	}
	for _, parameter := range asked.Parameters {
		flag := "--set"
		if parameter.ForceString {
			flag = "--set-string"
		}
		arguments = append(arguments, flag, parameter.Name+"="+cleaned(parameter.Value))
	}
	for _, parameter := range asked.FileParameters {
		arguments = append(arguments, "--set-file", parameter.Name+"="+parameter.Path)
	}
	for _, version := range asked.APIVersions {
		arguments = append(arguments, "--api-versions", version)
	}
	for flag, set := range map[string]bool{
		"--include-crds": !asked.SkipCRDs, "--skip-tests": asked.SkipTests, "--skip-schema-validation": asked.SkipSchemaValidation,
	} {
		if set {
			arguments = append(arguments, flag)
		}
	}
	return arguments
}

// run runs helm in a directory; `root` is what its messages are not to begin paths with.
func run(program, directory, root string, arguments []string) (objects []string, said string, err error) {
	if program == "" {
		here, err := exec.Command("go", "tool", "-n", "helm").Output()
		if err != nil {
			return nil, "", fmt.Errorf("go tool helm: %w", err)
		}
		program = strings.TrimSpace(string(here))
	}
	command := exec.Command(program, arguments...)
	command.Dir = directory
	command.Env = environment("/nonexistent")
	var failure strings.Builder
	command.Stderr = &failure
	output, err := command.Output()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		_, message, found := strings.Cut(failure.String(), "Error: ")
		if !found {
			message = failure.String()
		}
		message, _, _ = strings.Cut(message, "\n\nUse --debug flag")
		return nil, strings.ReplaceAll(message, root+"/", ""), nil
	} else if err != nil {
		return nil, "", err
	}
	for _, document := range strings.Split("\n"+string(output), "\n---\n") {
		object, err := yaml.YAMLToJSON([]byte(document + "\n")) // Argo CD keeps the line break before a separator
		if err != nil {
			return nil, "", err
		}
		if string(object) == "null" {
			continue
		}
		// Argo CD takes lists apart, and refuses what has no kind.
		items, err := argocd.Items(object)
		if err != nil {
			return nil, noKind, nil
		}
		for _, item := range items {
			objects = append(objects, string(item))
		}
	}
	return objects, "", nil
}

// environment has no network.
func environment(home string) []string {
	return []string{"HOME=" + home, "PATH=/nonexistent", "HTTPS_PROXY=http://127.0.0.1:9", "HTTP_PROXY=http://127.0.0.1:9"}
}

// noKind is what Argo CD says of it.
const noKind = "Object 'Kind' is missing"

// named are paths: helm is run in the chart's directory, and values of the Application have no file here.
var named = strings.NewReplacer(
	"failed to parse chart/", "failed to parse ", "failed to parse inline.yaml", "failed to parse values",
	"Chart.yaml file is missing in chart", "Chart.yaml file is missing",
)

// normal leaves out line breaks, and the order of what a schema refuses, which is another one at each run of helm.
func normal(said string) string {
	if strings.Contains(said, noKind) {
		return noKind
	}
	said = named.Replace(said)
	if strings.Contains(said, "\n- at '") {
		lines := strings.Split(strings.TrimSpace(said), "\n")
		slices.Sort(lines)
		said = strings.Join(lines, "\n")
	}
	return strings.Join(strings.Fields(said), " ")
}

// cleaned is what Argo CD does to parameters (cleanSetParameters, util/helm/cmd.go).
func cleaned(value string) string {
	if strings.HasPrefix(value, "{") && strings.HasSuffix(value, "}") {
		return value
	}
	return strings.ReplaceAll(strings.ReplaceAll(value, `\,`, ","), ",", `\,`)
}

func tree(text string) map[string]string {
	files, name := map[string]string{}, ""
	for line := range strings.Lines(text) {
		if header, ok := strings.CutPrefix(strings.TrimSuffix(line, "\n"), "-- "); ok && strings.HasSuffix(header, " --") {
			name = strings.TrimSuffix(header, " --")
			files[name] = ""
		} else if name != "" {
			files[name] += line
		}
	}
	return files
}
