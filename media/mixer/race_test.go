//go:build race

package mixer

const raceDetector = true
