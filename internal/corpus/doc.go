// Package corpus plays the tests of dialplans twice: with simulated phones and
// time, as dialtone test does, and with a whole Dialtone, SIP phones and audio
// on the loopback. Both must come out alike.
package corpus
