package api

import (
	"net/http"
	"time"
)

// Quality is how the audio of one party of a call fares.
type Quality struct {
	Leg   string `json:"leg"`
	Party string `json:"party"`
	Codec string `json:"codec,omitempty"`
	From  Flow   `json:"from"` // what comes from it
	To    Flow   `json:"to"`   // what is sent to it, as its reports say
	// Of what comes from it: Level is in dB of full scale.
	RTTMS   float64  `json:"rtt_ms,omitempty"`
	MOS     float64  `json:"mos,omitempty"`
	Level   *Level   `json:"level,omitempty"` // absent: not known
	Verdict []string `json:"verdict"`         // in plain words
	Video   *Video   `json:"video,omitempty"` // absent: it has none
}

// Video is how the video of one party fares.
type Video struct {
	Codec string `json:"codec,omitempty"`
	From  Flow   `json:"from"`
	To    Flow   `json:"to"`
}

// Flow is one direction.
type Flow struct {
	Packets     uint64  `json:"packets"` // while it was measured
	Lost        uint64  `json:"lost"`    // from: while it was measured; to: in all
	LossPercent float64 `json:"loss_percent"`
	JitterMS    float64 `json:"jitter_ms"`
}

// Level is how loud a party is.
type Level struct {
	RMS            float64 `json:"rms_dbfs"`
	Peak           float64 `json:"peak_dbfs"`
	ClippedPercent float64 `json:"clipped_percent"` // of samples
	SilentPercent  float64 `json:"silent_percent"`  // of packets
}

// How long is measured.
const (
	usualQuality   = 3 * time.Second
	longestQuality = 20 * time.Second
)

func (a *API) quality(w http.ResponseWriter, r *http.Request) error {
	d := usualQuality
	if s := r.URL.Query().Get("for"); s != "" {
		var err error
		if d, err = time.ParseDuration(s); err != nil || d <= 0 || d > longestQuality {
			return invalid("for is to be a duration up to %v, such as 5s", longestQuality)
		}
	}
	q, err := a.server.Quality(r.Context(), r.PathValue("id"), d)
	if err != nil {
		return err
	}
	return answer(w, list(q))
}
