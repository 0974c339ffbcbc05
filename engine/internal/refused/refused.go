// Package refused holds what the engine never does, where the libraries below it would: talk to the network.
//
// kustomize loads `https://` entries itself, and Helm's schema validator follows `$ref`. Both go through net/http's
// default transport, which is replaced here: what would have been fetched is remembered and answered as needed.
package refused

import (
	"errors"
	"net/http"
	"sync"
)

// ErrNetwork is what every attempt to reach the network gets.
var ErrNetwork = errors.New("the engine fetches nothing")

type transport struct {
	lock  sync.Mutex
	asked []string
}

var refusing transport

// RoundTrip remembers the URL and refuses.
func (t *transport) RoundTrip(request *http.Request) (*http.Response, error) {
	t.lock.Lock()
	defer t.lock.Unlock()
	t.asked = append(t.asked, request.URL.String())
	return nil, ErrNetwork
}

// Network makes every request of net/http's default transport fail, for the whole process and for good.
func Network() { http.DefaultTransport = &refusing }

// Asked returns the URLs that were asked for since it was called the last time.
func Asked() []string {
	refusing.lock.Lock()
	defer refusing.lock.Unlock()
	asked := refusing.asked
	refusing.asked = nil
	return asked
}
