package limits

import (
	"runtime"
	"runtime/debug"
	"runtime/metrics"
)

// breath is how many bytes may be allocated before Go's collector looks again, at most, and an eighth of the memory that
// is granted: garbage must not make a request too large. What stays in memory between requests
// is small, some 20 MB of schemas and tables, and with Go's own pace (when it has doubled) a request in ten waits for
// all of that to be looked through: two fifths of the processor time of small kustomizations.
const breath = 64 << 20

// collectRarely lets the collector wait for that, and in a large heap until it has doubled, as ever.
func collectRarely(memory uint64) {
	setPace := func() {
		live := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
		metrics.Read(live)
		debug.SetGCPercent(pace(live[0].Value.Uint64(), memory))
	}
	setPace()
	afterEachCollection(setPace)
}

// pace is Go's word for it, the new bytes in a hundred of those that are live.
func pace(live, memory uint64) int {
	return int(max(100, min(breath, memory/8)*100/max(live, 4<<20)))
}

// collection is an object that nobody holds, so that Go tells when it has been collected.
type collection struct{ _ [64]byte }

func afterEachCollection(do func()) {
	runtime.SetFinalizer(&collection{}, func(*collection) {
		do()
		afterEachCollection(do)
	})
}
