package main

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"
	"unicode"

	"dialtone/pbx/api"
)

const maxCell = 48 // characters

// table prints rows in columns, under a head.
type table struct {
	head  []string
	rows  [][]string
	whole bool // its text is ours and is never cut
}

func (t *table) add(cells ...string) { t.rows = append(t.rows, cells) }

func (t *table) write(w io.Writer) error {
	out := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, row := range append([][]string{t.head}, t.rows...) {
		cells := make([]string, len(row))
		for i, cell := range row {
			if cells[i] = printable(cell); t.whole && cell != "" {
				cells[i] = harmless(cell)
			}
		}
		if _, err := fmt.Fprintln(out, strings.Join(cells, "\t")); err != nil {
			return err
		}
	}
	return out.Flush()
}

// harmless is text that came from a phone without what a terminal would obey.
func harmless(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return '?'
	}, text)
}

// printable makes text that came from a phone safe for a terminal, and short.
func printable(text string) string {
	safe := harmless(text)
	if runes := []rune(safe); len(runes) > maxCell {
		safe = string(runes[:maxCell-1]) + "…"
	}
	if safe == "" {
		return "-"
	}
	return safe
}

// elapsed writes a duration as people do: 4s, 1:04, 2:03:04, 3d 02:03:04.
func elapsed(d time.Duration) string {
	s := int(max(d, 0) / time.Second)
	days, hours, minutes, seconds := s/86400, s/3600%24, s/60%60, s%60
	switch {
	case days > 0:
		return fmt.Sprintf("%dd %02d:%02d:%02d", days, hours, minutes, seconds)
	case hours > 0:
		return fmt.Sprintf("%d:%02d:%02d", hours, minutes, seconds)
	case minutes > 0:
		return fmt.Sprintf("%d:%02d", minutes, seconds)
	}
	return fmt.Sprintf("%ds", seconds)
}

// clock is a time in a zone, which is named elsewhere.
func clock(at time.Time, zone *time.Location) string {
	if at.IsZero() {
		return ""
	}
	return at.In(zone).Format(time.DateTime)
}

// siteZone is the zone of the site of a server, that of this machine when the server
// says none.
func siteZone(s api.Status) *time.Location {
	if zone, err := time.LoadLocation(s.Zone); err == nil && s.Zone != "" {
		return zone
	}
	return time.Local
}

// zoneName is what stands once above or before times.
func zoneName(zone *time.Location) string {
	if zone == time.Local {
		return "local time"
	}
	return zone.String()
}

func megabytes(bytes uint64) string { return fmt.Sprintf("%.1f MiB", float64(bytes)/(1<<20)) }

// count is n with the noun that fits: 1 call, 2 calls.
func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
