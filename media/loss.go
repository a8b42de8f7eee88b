package media

import "time"

// Lossy is an Endpoint that knows how many per cent of what is sent there get lost at
// present.
type Lossy interface{ Loss() int }

// lossEvery is how often encoders are told of loss: reports of it are rarer.
const lossEvery = time.Second

// Loss is how many per cent of what is sent to e get lost, 0 when that is not known.
func Loss(e Endpoint) int {
	if l, ok := e.(Lossy); ok {
		return l.Loss()
	}
	return 0
}
