// Package memory keeps everything in RAM: for tests and for a Dialtone that is
// to leave nothing behind.
package memory
