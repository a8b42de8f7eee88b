package api

import (
	"net/http"
	"time"
)

// Trunk is a line to the outside.
type Trunk struct {
	Name string `json:"name"`
	// State is "new", "trying", "registered", "up", "fail-wait", "failed" or "down".
	State    string        `json:"state"`
	Since    time.Time     `json:"since"`
	Why      string        `json:"why,omitempty"`    // of fail-wait, failed and down: in words
	Next     time.Time     `json:"next,omitzero"`    // when it is tried again
	Expires  time.Time     `json:"expires,omitzero"` // of the registration
	Calls    int           `json:"calls"`            // that are up on it
	Channels int           `json:"channels"`         // how many may be, 0 for any number
	Servers  []TrunkServer `json:"servers"`
}

// TrunkServer is one server of a trunk.
type TrunkServer struct {
	Transport string    `json:"transport"` // "udp", "tcp", "tls"
	Address   string    `json:"address"`   // ip:port
	Alive     bool      `json:"alive"`
	Since     time.Time `json:"since,omitzero"`       // zero: it was not asked yet
	Why       string    `json:"why,omitempty"`        // it is not alive
	LatencyMS float64   `json:"latency_ms,omitempty"` // of the last OPTIONS
}

func (a *API) trunks(w http.ResponseWriter, _ *http.Request) error {
	trunks := list(a.server.Trunks())
	for i := range trunks {
		trunks[i].Servers = list(trunks[i].Servers)
	}
	return answer(w, trunks)
}
