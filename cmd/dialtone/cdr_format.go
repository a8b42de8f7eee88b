package main

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"dialtone/pbx/api"
)

// tableRecords are lines for people.
type tableRecords struct {
	t      terminal
	zone   *time.Location
	rows   table
	capped bool // the limit is ours, not the user's
}

func newTableRecords(t terminal, zone *time.Location, capped bool) *tableRecords {
	return &tableRecords{t: t, zone: zone, capped: capped, rows: table{
		head: []string{"START (" + zoneName(zone) + ")", "FROM", "TO", "TALKED", "CAUSE", "CODEC", "MOS", "ID"},
	}}
}

func (r *tableRecords) write(c api.CDR) error {
	var codecs, scores []string
	for _, leg := range talking(c) {
		if leg.Codec != "" && !slices.Contains(codecs, leg.Codec) {
			codecs = append(codecs, leg.Codec)
		}
		if leg.MOS > 0 {
			scores = append(scores, fmt.Sprintf("%.1f", leg.MOS))
		}
	}
	r.rows.add(clock(c.Start, r.zone), c.From, c.To, talked(c), c.Cause,
		strings.Join(codecs, " "), strings.Join(scores, " "), c.ID)
	return nil
}

func (r *tableRecords) close() error {
	if len(r.rows.rows) == 0 {
		_, err := fmt.Fprintln(r.t.out, "No records.")
		return err
	}
	if err := r.rows.write(r.t.out); err != nil {
		return err
	}
	if r.capped && len(r.rows.rows) == tableLimit {
		fmt.Fprintf(r.t.err, "These are the newest %d; --limit 0 prints all.\n", tableLimit)
	}
	return nil
}

// talked is empty for a call in which nobody talked to another.
func talked(c api.CDR) string {
	if c.Joined().IsZero() {
		return ""
	}
	return elapsed(c.Talked())
}

// talking are the caller's leg and the one that was answered, nil where there is
// none.
func talking(c api.CDR) (legs [2]api.CDRLeg) {
	for _, leg := range c.Legs {
		switch {
		case leg.Inbound && legs[0].ID == "":
			legs[0] = leg
		case !leg.Inbound && !leg.Answer.IsZero():
			legs[1] = leg
		}
	}
	return legs
}

// jsonRecords are one array.
type jsonRecords struct {
	out io.Writer
	n   int
}

func (r *jsonRecords) write(c api.CDR) error {
	data, err := json.MarshalIndent(c, "  ", "  ")
	if err != nil {
		return err
	}
	before := ",\n  "
	if r.n == 0 {
		before = "[\n  "
	}
	r.n++
	_, err = fmt.Fprintf(r.out, "%s%s", before, data)
	return err
}

func (r *jsonRecords) close() error {
	end := "\n]\n"
	if r.n == 0 {
		end = "[]\n"
	}
	_, err := io.WriteString(r.out, end)
	return err
}

// csvRecords are a line per call, with the two legs that talked side by side.
type csvRecords struct{ out *csv.Writer }

func newCSVRecords(w io.Writer) *csvRecords {
	out := csv.NewWriter(w)
	_ = out.Write([]string{ // errors are kept for Flush
		"id", "start", "answer", "end", "seconds", "from", "from_name", "to",
		"cause", "blame", "sip", "q850", "detail",
		"caller_remote", "caller_codec", "caller_packets", "caller_lost", "caller_jitter_ms", "caller_mos",
		"callee", "callee_remote", "callee_codec", "callee_packets", "callee_lost", "callee_jitter_ms", "callee_mos",
	})
	return &csvRecords{out}
}

func (r *csvRecords) write(c api.CDR) error {
	legs := talking(c)
	row := []string{
		c.ID, stamp(c.Start), stamp(c.Answer), stamp(c.End), decimal(c.Talked().Seconds()), c.From, c.FromName, c.To,
		c.Cause, c.Blame, strconv.Itoa(c.SIP), strconv.Itoa(c.Q850), c.Detail,
	}
	row = append(row, legColumns(legs[0])...)
	row = append(row, legs[1].Party)
	row = append(row, legColumns(legs[1])...)
	return r.out.Write(row)
}

func legColumns(leg api.CDRLeg) []string {
	if leg.ID == "" {
		return make([]string, 6)
	}
	return []string{
		leg.Remote, leg.Codec, strconv.FormatUint(leg.RxPackets, 10), strconv.FormatUint(leg.RxLost, 10),
		decimal(leg.JitterMS), decimal(leg.MOS),
	}
}

func (r *csvRecords) close() error {
	r.out.Flush()
	return r.out.Error()
}

func stamp(at time.Time) string {
	if at.IsZero() {
		return ""
	}
	return at.Format(time.RFC3339)
}

// decimal has no more digits than were measured.
func decimal(v float64) string {
	const digits = 1000
	return strconv.FormatFloat(math.Round(v*digits)/digits, 'f', -1, 64)
}
