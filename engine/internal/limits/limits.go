// Package limits bounds what one request may take: seconds, memory, bytes of output; and catches panics.
//
// Neither kustomize nor Go's templates can be stopped from outside, so a request that takes too much ends the process:
// the last answer says why, and who started the process starts another one.
package limits

import (
	"context"
	"fmt"
	"math"
	"runtime/debug"
	"runtime/metrics"
	"time"

	"github.com/argofix/argofix/engine/internal/protocol"
)

// Grant is what one request may take.
type Grant struct {
	Seconds     float64
	Memory      uint64 // bytes of the whole process
	OutputBytes int
}

// Default is what is granted where nothing else is said.
var Default = Grant{Seconds: 60, Memory: 1 << 30, OutputBytes: 64 << 20}

// pause is how often the memory is looked at; a request that is done before is never looked at.
const pause = 5 * time.Millisecond

// Lower returns the grant with what a request asks for, where that is less.
func (g Grant) Lower(asked protocol.Limits) Grant {
	if asked.Seconds > 0 && asked.Seconds < g.Seconds {
		g.Seconds = asked.Seconds
	}
	if asked.OutputBytes > 0 && asked.OutputBytes < g.OutputBytes {
		g.OutputBytes = asked.OutputBytes
	}
	return g
}

// Run does work and returns its answer. Where the grant is used up before, it returns an answer with Last set while
// the work still runs; the process has to end then. A panic becomes an error.
func (g Grant) Run(work func(context.Context) *protocol.Answer) *protocol.Answer {
	ctx, stop := context.WithTimeout(context.Background(), time.Duration(g.Seconds*float64(time.Second)))
	defer stop()
	done := make(chan *protocol.Answer, 1)
	go func() {
		defer func() {
			if fault := recover(); fault != nil {
				done <- failure(protocol.Panicked, "%v\n%s", fault, firstLines(debug.Stack()))
			}
		}()
		done <- work(ctx)
	}()
	ticker := time.NewTicker(pause)
	defer ticker.Stop()
	for {
		select {
		case answer := <-done:
			return answer
		case <-ctx.Done():
			// Whoever heeds the context has a moment to say so.
			select {
			case answer := <-done:
				return answer
			case <-time.After(100 * time.Millisecond):
				answer := failure(protocol.TimedOut, "not rendered after %g s", g.Seconds)
				answer.Last = true
				return answer
			}
		case <-ticker.C:
			if used := Memory(); used > g.Memory {
				answer := failure(protocol.TooLarge, "rendering it takes more than %d MB of memory", g.Memory>>20)
				answer.Last = true
				return answer
			}
		}
	}
}

// Memory is what the process holds of the machine's memory, in bytes. Asking stops nothing.
func Memory() uint64 {
	samples := []metrics.Sample{
		{Name: "/memory/classes/total:bytes"},
		{Name: "/memory/classes/heap/released:bytes"},
	}
	metrics.Read(samples)
	return samples[0].Value.Uint64() - samples[1].Value.Uint64()
}

func failure(code protocol.Code, format string, args ...any) *protocol.Answer {
	return &protocol.Answer{Error: &protocol.Error{Code: code, Message: fmt.Sprintf(format, args...)}}
}

// firstLines keeps where a panic came from; the rest of a stack says nothing to anybody.
func firstLines(stack []byte) []byte {
	const most = 2_000
	return stack[:min(len(stack), most)]
}

// Prepare readies the process. Go's own memory limit stays off: near it the collector takes half of the processor, and
// a request that needs more would run into its time instead of being told that it is too large.
func (g Grant) Prepare() {
	debug.SetMemoryLimit(math.MaxInt64)
	collectRarely(g.Memory)
	debug.SetMaxStack(256 << 20) // endless recursion is noticed while there is memory to say so
}
