package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"sigs.k8s.io/yaml"

	"github.com/argofix/argofix/engine/internal/helm"
	"github.com/argofix/argofix/engine/internal/protocol"
	"github.com/argofix/argofix/engine/internal/store"
)

// compareCheckouts renders every chart of directory trees, by itself and with each values file beside it, and returns
// the exit status.
func compareCheckouts(program string, directories []string) int {
	status := 0
	for _, directory := range directories {
		one := checkout{program: program, directory: directory, renderer: helm.New()}
		if err := one.compare(); err != nil {
			fmt.Fprintln(os.Stderr, directory+":", err)
			return 2
		}
		_ = os.RemoveAll(one.copied)
		fmt.Printf("%s: %d charts with their values files alike (%d rendered, %d failed), %d differ\n",
			filepath.Base(directory), one.rendered+one.failed, one.rendered, one.failed, one.differing)
		if one.differing > 0 {
			status = 1
		}
	}
	return status
}

type checkout struct {
	program, directory string
	copied             string   // where dependencies are built, "" as long as none are
	astray             []string // links that lead out of the checkout, where Argo CD renders nothing of it
	files              *store.Files
	renderer           *helm.Renderer

	rendered, failed, differing int
}

func (c *checkout) compare() error {
	contents, links := map[string]string{}, map[string]string{}
	err := filepath.WalkDir(c.directory, func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			if err == nil && entry.Name() == ".git" {
				return fs.SkipDir
			}
			return err
		}
		local, _ := filepath.Rel(c.directory, name)
		if entry.Type()&fs.ModeSymlink != 0 {
			target, err := os.Readlink(name)
			if err == nil && !path.IsAbs(target) && !strings.HasPrefix(path.Join(path.Dir(local), target), "..") {
				links[local] = target
			} else {
				c.astray = append(c.astray, local)
			}
			return err
		}
		data, err := os.ReadFile(name)
		contents[local] = string(data)
		return err
	})
	if err != nil {
		return err
	}
	if c.files, err = store.FromMap(contents, links); err != nil {
		return err
	}
	names := slices.Sorted(func(yield func(string) bool) {
		for name := range contents {
			if !yield(name) {
				return
			}
		}
	})
	for _, name := range names {
		if path.Base(name) != "Chart.yaml" {
			continue
		}
		chart := path.Dir(name)
		if slices.ContainsFunc(c.astray, func(link string) bool { return strings.HasPrefix(link, chart+"/") }) {
			continue
		}
		values := []string{""}
		for _, other := range names {
			local, ok := strings.CutPrefix(other, chart+"/")
			if ok && local != "values.yaml" && path.Ext(local) == ".yaml" &&
				(path.Dir(local) == "." && strings.Contains(local, "values") || path.Dir(local) == "ci") {
				values = append(values, local)
			}
		}
		for _, file := range values {
			asked := protocol.Helm{Chart: chart, ReleaseName: "web", Namespace: "shop", KubeVersion: "1.33.0"}
			if file != "" {
				asked.ValueFiles = []string{file}
			}
			if err := c.one(asked); err != nil {
				return fmt.Errorf("%s: %w", chart, err)
			}
		}
	}
	return nil
}

func (c *checkout) one(asked protocol.Helm) error {
	answer, err := c.renderer.Render(context.Background(), c.files, &protocol.Request{Helm: &asked})
	theirs, said, problem := c.reference(asked)
	if problem != nil {
		return problem
	}
	name := strings.Join(append([]string{asked.Chart}, asked.ValueFiles...), " with ")
	told := ""
	switch {
	case err != nil && said == "":
		told = "fails only in the engine: " + err.Error()
	case err == nil && said != "":
		told = "fails only in helm: " + said
	case err != nil:
		var typed *protocol.Error
		ours := strings.ReplaceAll(err.Error(), asked.Chart+"/", "")
		if errors.As(err, &typed) && !fetched(typed) && normal(ours) != normal(strings.ReplaceAll(said, asked.Chart+"/", "")) {
			told = fmt.Sprintf("helm says\n  %s\nand the engine\n  %s", said, err)
		}
	default:
		told = differing(answer, theirs)
	}
	switch {
	case told != "":
		c.differing++
		fmt.Printf("%s: %s\n", name, told)
	case said != "":
		c.failed++
	default:
		c.rendered++
	}
	return nil
}

// fetched tells of an error that helm has for its own reasons: it tried, or reads charts of the experimental v3.
func fetched(failed *protocol.Error) bool {
	return failed.Code == protocol.NeedsURL || failed.Code == protocol.NeedsChart || failed.Message == "invalid chart apiVersion"
}

// reference runs helm in the checkout, and where charts beside the chart are missing below it, in a copy in which
// `helm dependency build` puts them there, as Argo CD does.
func (c *checkout) reference(asked protocol.Helm) ([]string, string, error) {
	objects, said, err := c.run(c.directory, asked)
	if err != nil || !strings.Contains(said, "missing in charts/ directory") {
		return objects, said, err
	}
	if c.copied == "" {
		if c.copied, err = os.MkdirTemp("", "checkout"); err != nil {
			return nil, "", err
		}
		if err := exec.Command("cp", "-a", c.directory+"/.", c.copied).Run(); err != nil {
			return nil, "", err
		}
	}
	building := exec.Command(c.program, "dependency", "build")
	building.Dir = filepath.Join(c.copied, asked.Chart)
	building.Env = environment(c.copied)
	if building.Run() != nil {
		return nil, said, nil
	}
	return c.run(c.copied, asked)
}

func (c *checkout) run(root string, asked protocol.Helm) ([]string, string, error) {
	return run(c.program, filepath.Join(root, asked.Chart), root, arguments(root, asked))
}

// differing compares objects, but for the fields that the engine calls random.
func differing(answer *protocol.Answer, theirs []string) string {
	if len(answer.Resources) != len(theirs) {
		return fmt.Sprintf("%d objects, where helm makes %d", len(answer.Resources), len(theirs))
	}
	random := map[int][]string{}
	for _, one := range answer.Unstable {
		random[one.Resource] = append(random[one.Resource], one.Path)
	}
	for i, one := range answer.Resources {
		object, err := yaml.YAMLToJSON(one.Object)
		if err != nil {
			return err.Error()
		}
		ours, others := without(object, random[i]), without([]byte(theirs[i]), random[i])
		if ours != others {
			return fmt.Sprintf("helm makes\n  %s\nand the engine\n  %s", others, ours)
		}
	}
	return ""
}

// without leaves out what JSON pointers lead to, and all of an object where one of them is "".
func without(object []byte, pointers []string) string {
	if len(pointers) == 0 {
		return string(object)
	}
	var value any
	if slices.Contains(pointers, "") || json.Unmarshal(object, &value) != nil {
		return ""
	}
	for _, pointer := range pointers {
		here := value
		parts := strings.Split(pointer, "/")[1:]
		for i, part := range parts {
			part = strings.NewReplacer("~1", "/", "~0", "~").Replace(part)
			last := i == len(parts)-1
			switch container := here.(type) {
			case map[string]any:
				if last {
					container[part] = nil
				}
				here = container[part]
			case []any:
				if index, err := strconv.Atoi(part); err == nil && index < len(container) {
					if last {
						container[index] = nil
					}
					here = container[index]
				}
			}
		}
	}
	text, _ := json.Marshal(value)
	return string(text)
}
