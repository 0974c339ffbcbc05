package frames_test

import (
	"bytes"
	"errors"
	"io"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/argofix/argofix/engine/internal/frames"
)

func TestFramesComeBackAsTheyWereWritten(t *testing.T) {
	var stream bytes.Buffer
	payloads := []string{"", "a", strings.Repeat("x", 3<<20)}
	for _, payload := range payloads {
		if err := frames.Write(&stream, frames.Blob, []byte(payload)); err != nil {
			t.Fatal(err)
		}
	}
	reader := frames.NewReader(iotest.HalfReader(&stream))
	for _, payload := range payloads {
		frame, err := reader.Next()
		if err != nil || frame.Type != frames.Blob || string(frame.Payload) != payload {
			t.Fatalf("%q: %v, %d bytes", frame.Type, err, len(frame.Payload))
		}
	}
	if _, err := reader.Next(); !errors.Is(err, io.EOF) {
		t.Error(err)
	}
}

func TestBrokenStreams(t *testing.T) {
	for input, want := range map[string]string{
		"Q":                            frames.ErrCut.Error(),
		"Q\x00\x00\x00":                frames.ErrCut.Error(),
		"Q\x00\x00\x00\x02":            frames.ErrCut.Error(),
		"Q\x00\x00\x00\x02a":           frames.ErrCut.Error(),
		"Q\x03\xff\xff\xffa":           frames.ErrCut.Error(), // 64 MB that never come
		"Q\xff\xff\xff\xff":            "a frame of 4294967295 bytes, where 67108864 are the most",
		"Q\x04\x00\x00\x01":            "a frame of 67108865 bytes, where 67108864 are the most",
		"Z\x00\x00\x00\x00":            "a frame of unknown type 0x5a",
		"{\"id\": 1, \"kind\": \"x\"}": "a frame of unknown type 0x7b",
	} {
		if _, err := frames.NewReader(strings.NewReader(input)).Next(); err == nil || err.Error() != want {
			t.Errorf("%q: %v", input, err)
		}
	}
}

// A length that is only claimed takes no memory.
func TestALengthIsNotBelieved(t *testing.T) {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, err := frames.NewReader(strings.NewReader("B\x03\xff\xff\xffabc")).Next()
	runtime.ReadMemStats(&after)
	if grown := after.TotalAlloc - before.TotalAlloc; !errors.Is(err, frames.ErrCut) || grown > 4<<20 {
		t.Errorf("%v after %d bytes", err, grown)
	}
}

func FuzzNext(f *testing.F) {
	f.Add([]byte("Q\x00\x00\x00\x02{}B\x00\x00\x00\x01x"))
	f.Fuzz(func(t *testing.T, input []byte) {
		reader, read := frames.NewReader(bytes.NewReader(input)), 0
		for {
			frame, err := reader.Next()
			if err != nil {
				return
			}
			if read += 5 + len(frame.Payload); read > len(input) {
				t.Fatalf("%d bytes of %d", read, len(input))
			}
		}
	})
}
