//go:build race

package webrtc

// raceDetector is on: it makes pools forget, so that allocations say nothing.
const raceDetector = true
