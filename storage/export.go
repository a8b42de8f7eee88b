package storage

import (
	"bufio"
	"encoding/json"
	"io"
	"strconv"
	"strings"
	"time"
)

// WriteJSON writes the records that f picks, newest first, as a JSON array with
// one record to a line.
func WriteJSON(w io.Writer, s Store, f CDRFilter) error {
	out := bufio.NewWriter(w)
	separator := "[\n"
	var failed error
	err := s.CDRs(f, func(c CDR) bool {
		var text []byte
		if text, failed = json.Marshal(c); failed != nil {
			return false
		}
		out.WriteString(separator)
		_, failed = out.Write(text)
		separator = ",\n"
		return failed == nil
	})
	if err == nil {
		err = failed
	}
	if err != nil {
		return err
	}
	if separator == "[\n" {
		out.WriteString("[")
	}
	out.WriteString("\n]\n")
	return out.Flush()
}

// WriteCSV writes the records that f picks, newest first, one call to a row
// (RFC 4180): times in UTC, durations in seconds. Cells that a spreadsheet would
// run as a formula begin with an apostrophe.
func WriteCSV(w io.Writer, s Store, f CDRFilter) error {
	out := bufio.NewWriter(w)
	failed := writeRow(out, []string{
		"id", "start", "answer", "end", "duration", "talk", "from", "from_name", "to", "answered_by",
		"cause", "blame", "hung_up_by", "sip", "q850", "detail", "legs", "codecs", "lowest_mos", "trunks", "paid_by",
	})
	if failed != nil {
		return failed
	}
	err := s.CDRs(f, func(c CDR) bool {
		failed = writeRow(out, row(&c))
		return failed == nil
	})
	if err == nil {
		err = failed
	}
	if err != nil {
		return err
	}
	return out.Flush()
}

func row(c *CDR) []string {
	talk := ""
	if !c.Joined().IsZero() {
		talk = seconds(c.Talked())
	}
	return []string{
		c.ID, stamp(c.Start), stamp(c.Answer), stamp(c.End), seconds(c.End.Sub(c.Start)), talk,
		c.From, c.FromName, c.To, c.answeredBy(),
		c.Cause, c.Blame, c.HungUpBy, number(c.SIP), number(c.Q850), c.Detail,
		strconv.Itoa(len(c.Legs)), c.codecs(), c.lowestMOS(),
		c.each(func(l *CDRLeg) string { return l.Trunk }), c.each(func(l *CDRLeg) string { return l.PaidBy }),
	}
}

// answeredBy is the first party called that answered.
func (c *CDR) answeredBy() string {
	for i := range c.Legs {
		if l := &c.Legs[i]; !l.Inbound && !l.Answer.IsZero() {
			return l.Party
		}
	}
	return ""
}

// codecs are those that the legs used.
func (c *CDR) codecs() string { return c.each(func(l *CDRLeg) string { return l.Codec }) }

// each gives one thing of all legs, in their order, each once.
func (c *CDR) each(of func(*CDRLeg) string) string {
	var names []string
	for i := range c.Legs {
		name := of(&c.Legs[i])
		if name != "" && !strings.Contains(" "+strings.Join(names, " ")+" ", " "+name+" ") {
			names = append(names, name)
		}
	}
	return strings.Join(names, " ")
}

func (c *CDR) lowestMOS() string {
	lowest := 0.0
	for i := range c.Legs {
		if mos := c.Legs[i].MOS; mos > 0 && (lowest == 0 || mos < lowest) {
			lowest = mos
		}
	}
	if lowest == 0 {
		return ""
	}
	return strconv.FormatFloat(lowest, 'f', 2, 64)
}

func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2006-01-02T15:04:05.000Z")
}

func seconds(d time.Duration) string { return strconv.FormatFloat(d.Seconds(), 'f', 3, 64) }

func number(n int) string {
	if n == 0 {
		return ""
	}
	return strconv.Itoa(n)
}

// writeRow quotes every cell, so that one cell stays one cell also where the
// reader separates by semicolons.
func writeRow(w *bufio.Writer, cells []string) error {
	for i, cell := range cells {
		if i > 0 {
			w.WriteByte(',')
		}
		w.WriteByte('"')
		w.WriteString(strings.ReplaceAll(harmless(cell), `"`, `""`))
		w.WriteByte('"')
	}
	_, err := w.WriteString("\r\n")
	return err
}

// harmless is cell in a form that no spreadsheet takes for a formula. Numbers in
// international form (+4930123456) stay as they are.
func harmless(cell string) string {
	text := strings.TrimLeft(cell, " \t\r\n\v\f\u00a0\ufeff")
	if text == "" || !strings.ContainsRune("=+-@|%＝＋－＠", []rune(text)[0]) {
		return cell
	}
	if digits := strings.TrimPrefix(cell, "+"); digits != cell && digits != "" && strings.Trim(digits, "0123456789") == "" {
		return cell
	}
	return "'" + cell
}
