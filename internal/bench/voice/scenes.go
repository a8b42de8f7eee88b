//go:build linux

package main

import "dialtone/media/codec"

// scene is something that phones do with Dialtone.
type scene struct {
	name     string
	what     kind
	phones   int
	speakers int            // the first of them; the others send silence, as phones do
	formats  []codec.Format // the phones have these, by turns
	limit    float64        // the goal, in per cent of a core; 0: none
	bare     float64        // the goal, as a multiple of the bare codecs; 0: none
}

type kind int

const (
	calls kind = iota // two and two are bridged
	conferences
	musicOnHold
	nothing // but what a conference reads and sends
)

// scenes in the order in which they are played; the first is what the others are
// compared with.
var scenes = []scene{
	{name: "relay of 100 calls", phones: 200, speakers: 200, formats: []codec.Format{codec.PCMU, codec.PCMU}},
	{name: "100 calls PCMU-PCMA", phones: 200, speakers: 200, formats: []codec.Format{codec.PCMU, codec.PCMA}, limit: 12},
	{name: "100 calls PCMU-G722", phones: 200, speakers: 200, formats: []codec.Format{codec.PCMU, codec.G722}, limit: 56},
	{name: "100 calls PCMU-Opus", phones: 200, speakers: 200, formats: []codec.Format{codec.PCMU, codec.Opus}, bare: 1.3},
	{name: "conference of 100", what: conferences, phones: 100, speakers: 3, formats: []codec.Format{codec.PCMU}, limit: 4},
	{name: "conference of 100, ports only", what: nothing, phones: 100, formats: []codec.Format{codec.PCMU}},
	{name: "conference of 503", what: conferences, phones: 503, speakers: 3, formats: []codec.Format{codec.PCMU}, limit: 100},
	{name: "music for 100 calls", what: musicOnHold, phones: 100, formats: []codec.Format{codec.PCMU}, limit: 5},
}
