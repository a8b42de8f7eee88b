// Package testbaresip runs baresip, a real phone, against the real server for tests: it registers,
// speaks one tone and records what it hears.
package testbaresip
