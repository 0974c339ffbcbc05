// Command argofix-engine renders kustomizations, Helm charts and Jsonnet: frames of requests on its standard input,
// frames of answers on its standard output, until the input ends. It opens no file, no connection and runs nothing.
//
// It exits with 0 where its input ends between two frames, 2 for input that is none, and 3 after an answer that is its
// last.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"log/slog"
	"os"
	"time"

	"github.com/argofix/argofix/engine/internal/helm"
	"github.com/argofix/argofix/engine/internal/jsonnet"
	"github.com/argofix/argofix/engine/internal/kustomize"
	"github.com/argofix/argofix/engine/internal/limits"
	"github.com/argofix/argofix/engine/internal/protocol"
	"github.com/argofix/argofix/engine/internal/refused"
	"github.com/argofix/argofix/engine/internal/store"
	"github.com/argofix/argofix/engine/internal/worker"
)

func main() {
	os.Clearenv() // nothing below may be led by it
	// Helm logs what it thinks of a chart, and the dates of templates are those of the machine otherwise.
	slog.SetDefault(slog.New(slog.DiscardHandler))
	time.Local = time.UTC
	version := flag.Bool("version", false, "print the versions of what renders, and end")
	seconds := flag.Float64("seconds", limits.Default.Seconds, "most seconds of one request")
	memory := flag.Uint64("memory", limits.Default.Memory>>20, "most megabytes of memory")
	kept := flag.Int("blobs", 64, "most megabytes of files that are kept between requests")
	flag.Parse()
	if *version {
		fmt.Println(versionLine())
		return
	}
	grant := limits.Grant{Seconds: *seconds, Memory: *memory << 20, OutputBytes: limits.Default.OutputBytes}
	grant.Prepare()
	charts := helm.New()
	refused.Network()
	complaints := os.Stderr
	os.Stderr = nil // kustomize warns of old fields there, into a pipe that nobody may be reading
	log.SetOutput(io.Discard)
	serving := worker.Worker{
		Renders: map[protocol.Kind]worker.Render{
			protocol.KindKustomize: helm.Twice(kustomize.Renderer{Inflate: charts.Inflate}.Render),
			protocol.KindHelm:      charts.Render,
			protocol.KindJsonnet:   jsonnet.Render,
		},
		Grant:    grant,
		Versions: versions(),
		Blobs:    store.New(*kept << 20),
	}
	err := serving.Serve(os.Stdin, os.Stdout)
	switch {
	case errors.Is(err, worker.ErrLast):
		os.Exit(3)
	case err != nil:
		fmt.Fprintln(complaints, "argofix-engine:", err)
		os.Exit(2)
	}
}
