package sdp

import (
	"errors"
	"fmt"
	"strings"

	"dialtone/media/codec"
)

// What can go wrong in a negotiation. All but the last three refuse what the far
// side asks for (488 in SIP).
var (
	// ErrNoAudio refuses a description without an audio stream that can be used.
	ErrNoAudio = errors.New("sdp: no usable audio stream")
	// ErrCryptoRequired refuses plain audio while encryption is required.
	ErrCryptoRequired = errors.New("sdp: encrypted audio (SRTP) is required")
	// ErrCryptoRefused refuses encrypted audio while encryption is off.
	ErrCryptoRefused = errors.New("sdp: encrypted audio (SRTP) is switched off")
	// ErrNoCrypto refuses RTP/SAVP without an a=crypto line that can be used.
	ErrNoCrypto = errors.New("sdp: no usable a=crypto line")
	// ErrDowngrade refuses to go on in clear after the audio was encrypted.
	ErrDowngrade = errors.New("sdp: the audio was encrypted and may not go on in clear")
	// ErrNoWebRTC refuses audio as browsers want it where there is none, or an answer to
	// an offer of it that is no such.
	ErrNoWebRTC = errors.New("sdp: audio by ICE and DTLS is not agreed")
	// ErrGlare means that the far side made an offer while ours waits for its
	// answer (491 in SIP).
	ErrGlare = errors.New("sdp: our own offer still waits for its answer")
	// ErrPending means that the far side's offer was not answered yet (500 with
	// Retry-After in SIP).
	ErrPending = errors.New("sdp: the far side's offer was not answered yet")
	// ErrNoOffer means an answer that nobody asked for.
	ErrNoOffer = errors.New("sdp: an answer without an offer")
)

// ParseError says where a description breaks the grammar of RFC 8866 §9.
type ParseError struct {
	Line   int // counted from 1; 0 when it is about the whole
	Reason string
}

func (e *ParseError) Error() string {
	if e.Line == 0 {
		return "sdp: " + e.Reason
	}
	return fmt.Sprintf("sdp: line %d: %s", e.Line, e.Reason)
}

// NoCommonFormatError means that both sides speak, but no language in common.
type NoCommonFormatError struct {
	Offered []codec.Format // by the far side, in its order
	Wanted  []codec.Format // by us
}

// Error says which codecs met which. It is short and holds neither quotes nor
// control characters, so that it can stand in a Warning header (RFC 3261 §20.43).
func (e *NoCommonFormatError) Error() string {
	return "no common codec: far side has " + formatNames(e.Offered) + "; here " + formatNames(e.Wanted)
}

// formatNames lists the audio formats by name, a few at most.
func formatNames(fs []codec.Format) string {
	const most = 8
	var b strings.Builder
	n := 0
	for _, f := range fs {
		if !f.IsAudio() {
			continue
		}
		if n++; n > most {
			continue
		}
		if n > 1 {
			b.WriteString(", ")
		}
		b.WriteString(f.String())
	}
	if n == 0 {
		return "none"
	}
	if n > most {
		fmt.Fprintf(&b, " and %d more", n-most)
	}
	return b.String()
}
