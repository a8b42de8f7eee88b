//go:build race

package rtp

// raceDetector is on: it makes pools forget, so that allocations say nothing.
const raceDetector = true
