// Command conformance renders every kustomization of directory trees twice, with `kustomize build` and with the
// engine, and tells where the results differ.
//
//	go run . [--engine PATH] [--kustomize PATH] [--helm PATH] [--verbose] DIRECTORY...
//
// Without --engine and --kustomize they are built: the engine from beside this directory, kustomize as kustomize.mod
// pins it, with exactly the modules of its release. It exits with 1 where anything differs.
package main

import (
	"flag"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"time"
)

func main() {
	engine := flag.String("engine", "", "the engine's program")
	kustomize := flag.String("kustomize", "", "kustomize, or kubectl")
	verbose := flag.Bool("verbose", false, "print what differs")
	helm := flag.String("helm", "", "with --enable-helm and this program called helm")
	flag.Parse()
	scratch, err := os.MkdirTemp("", "conformance-")
	if err == nil {
		defer os.RemoveAll(scratch)
		*engine, *kustomize, err = programs(scratch, *engine, *kustomize)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	same := true
	for _, directory := range flag.Args() {
		one := comparison{reference: *kustomize, program: *engine, verbose: *verbose, helm: *helm}
		if err := one.compare(directory); err != nil {
			fmt.Fprintln(os.Stderr, directory+":", err)
			os.Exit(2)
		}
		fmt.Println(one.summary(directory))
		same = same && len(one.differing) == 0
	}
	if !same {
		_ = os.RemoveAll(scratch)
		os.Exit(1)
	}
}

// programs builds what is not given.
func programs(scratch, engine, kustomize string) (string, string, error) {
	build := func(name string, arguments ...string) (string, error) {
		program := filepath.Join(scratch, name)
		command := exec.Command("go", append([]string{"build", "-o", program}, arguments...)...)
		if said, err := command.CombinedOutput(); err != nil {
			return "", fmt.Errorf("%s: %w\n%s", command, err, said)
		}
		return program, nil
	}
	var err error
	if engine == "" {
		if engine, err = build("argofix-engine", "github.com/argofix/argofix/engine"); err != nil {
			return "", "", err
		}
	}
	if kustomize == "" {
		kustomize, err = build("kustomize", "-modfile=kustomize.mod", "sigs.k8s.io/kustomize/kustomize/v5")
	}
	return engine, kustomize, err
}

// mostAttempts is how often the reference is asked again for the fault that the engine tells.
const mostAttempts = 10

type comparison struct {
	reference, program string
	verbose            bool
	helm               string

	rendered, failed          int
	differing                 []string
	referenceTime, engineTime time.Duration // of the processor
}

func (c *comparison) summary(directory string) string {
	return fmt.Sprintf(
		"%s: %d roots alike (%d rendered, %d failed), %d differ; %.2f s of the processor for the reference, %.2f s for the engine",
		filepath.Base(directory), c.rendered+c.failed, c.rendered, c.failed, len(c.differing),
		c.referenceTime.Seconds(), c.engineTime.Seconds())
}

func (c *comparison) compare(directory string) error {
	files, links, roots, err := read(directory)
	if err != nil {
		return err
	}
	worker, err := start(c.program, files)
	if err != nil {
		return err
	}
	defer func() { c.engineTime += worker.stop() }()
	for _, root := range roots {
		answer, err := worker.ask(root, links, c.helm != "")
		if err != nil {
			return fmt.Errorf("%s: %w", root, err)
		}
		objects, said, used, err := build(c.reference, filepath.Join(directory, root), c.helm)
		if err != nil {
			return fmt.Errorf("%s: %w", root, err)
		}
		c.referenceTime += used
		difference := differ(directory, answer, objects, said)
		// Of several faults kustomize tells one, by the random order of a Go map.
		for again := 0; again < mostAttempts && difference != "" && said != "" && answer.Error != nil; again++ {
			if objects, said, _, err = build(c.reference, filepath.Join(directory, root), c.helm); err != nil {
				return fmt.Errorf("%s: %w", root, err)
			}
			difference = differ(directory, answer, objects, said)
		}
		if difference != "" {
			c.differing = append(c.differing, root)
			fmt.Printf("%s: %s\n", root, difference)
		} else if said != "" {
			c.failed++
			if c.verbose {
				fmt.Printf("%s: both: %s %s\n", root, answer.Error.Code, answer.Error.Message)
			}
		} else {
			c.rendered++
		}
	}
	return nil
}

// read returns every file and link of a tree, and the directories that hold a kustomization.
func read(directory string) (files map[string][]byte, links map[string]string, roots []string, err error) {
	files, links = map[string][]byte{}, map[string]string{}
	names := []string{"kustomization.yaml", "kustomization.yml", "Kustomization"}
	err = filepath.WalkDir(directory, func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			if err == nil && entry.Name() == ".git" {
				return fs.SkipDir
			}
			return err
		}
		local, _ := filepath.Rel(directory, name)
		if entry.Type()&fs.ModeSymlink != 0 {
			links[local], err = os.Readlink(name)
			return err
		}
		if slices.Contains(names, entry.Name()) {
			roots = append(roots, filepath.Dir(local))
		}
		files[local], err = os.ReadFile(name)
		return err
	})
	slices.Sort(roots)
	return files, links, slices.Compact(roots), err
}
