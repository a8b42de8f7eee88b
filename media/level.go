package media

import "dialtone/media/codec"

// Loudness is how loud the audio of a packet is, as its header says (RFC 6464).
type Loudness struct {
	Known bool  // the header says
	Voice bool  // it is speech
	Below uint8 // how far below the loudest there can be, in dB: 0 to 127
}

// LevelAt is the level of audio of so many dBov, 0 the loudest.
func LevelAt(dBov float64, voice bool) Loudness {
	return Loudness{Known: true, Voice: voice, Below: uint8(min(max(-dBov+0.5, 0), 127))}
}

// Levels is what two sides have agreed on levels in packets.
type Levels struct {
	ID        uint8 // of the header extension (RFC 8285), 1 to 14; 0 is that there are none
	Direction Direction
	Voice     bool // the far side tells speech from other sounds
}

// Levelled is an Endpoint that can tell the far side how loud a frame is.
type Levelled interface {
	Endpoint
	// WriteLevel is Write of a frame that is so loud. A far side that has not agreed on
	// levels gets the frame without.
	WriteLevel(f codec.Format, payload []byte, samples int, marker bool, level Loudness)
}
