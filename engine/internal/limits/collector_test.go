package limits

import (
	"runtime"
	"runtime/debug"
	"testing"
)

var held [][]byte // keeps what is allocated alive

func allocate(megabytes int) {
	for range megabytes << 10 {
		held = append(held[:0], make([]byte, 1<<10))
	}
}

// collections counts how often Go collects while so much is allocated and dropped.
func collections(megabytes int) uint32 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	allocate(megabytes)
	runtime.ReadMemStats(&after)
	return after.NumGC - before.NumGC
}

func TestASmallHeapIsCollectedRarely(t *testing.T) {
	defer debug.SetGCPercent(100)
	collectRarely(1 << 30) // by Go's own pace there are a hundred
	if seldom := collections(512); seldom > 12 {
		t.Errorf("%d collections for 512 MB, with %d MB between two", seldom, breath>>20)
	}
	settle()
	if seldom := collections(512); seldom > 12 {
		t.Errorf("%d collections later on", seldom)
	}
}

func TestALargeHeapIsCollectedWhenItHasDoubled(t *testing.T) {
	for live, want := range map[uint64]int{0: 1600, 16 << 20: 400, 64 << 20: 100, 1 << 30: 100} {
		if got := pace(live, 1<<30); got != want {
			t.Errorf("pace(%d MB) = %d, want %d", live>>20, got, want)
		}
	}
	if got := pace(16<<20, 256<<20); got != 200 {
		t.Errorf("pace of a process that is granted 256 MB = %d", got)
	}
	defer debug.SetGCPercent(100)
	collectRarely(1 << 30)
	large := make([]byte, 256<<20)
	for i := 0; i < len(large); i += 4096 {
		large[i] = 1
	}
	runtime.GC()
	settle()
	if percent := debug.SetGCPercent(100); percent != 100 {
		t.Errorf("%d in a heap of 256 MB", percent)
	}
	runtime.KeepAlive(large)
}

// settle returns once what follows upon a collection has been done: finalizers run one after the other.
func settle() {
	for range 2 {
		done := make(chan struct{})
		runtime.SetFinalizer(&collection{}, func(*collection) { close(done) })
		runtime.GC()
		<-done
	}
}
