package worker_test

import (
	"strings"
	"testing"

	"github.com/argofix/argofix/engine/internal/limits"
)

// Whatever comes in, the worker answers or ends; it never takes more than it was sent.
func FuzzServe(f *testing.F) {
	valid := frame('B', idOfA+"\none") + request("1", "echo", idOfA) + frame('F', `["`+idOfA+`"]`) + request("2", "echo", idOfA)
	f.Add([]byte(valid))
	f.Add([]byte(valid[:len(valid)-3]))
	f.Add([]byte(strings.Replace(valid, "files", "links", 1)))
	f.Add([]byte("Q\xff\xff\xff\xff{}"))
	f.Add([]byte(frame('Q', `{"id":1}`) + frame('Q', strings.Repeat("[", 10000)) + frame('A', "{}")))
	f.Fuzz(func(t *testing.T, input []byte) {
		if strings.Contains(string(input), "hang") || strings.Contains(string(input), "grow") {
			return
		}
		answers, _ := serve(t, limits.Default, 1000, input)
		if asked := strings.Count(string(input), "Q"); len(answers) > asked {
			t.Errorf("%d answers to at most %d requests", len(answers), asked)
		}
	})
}
