package main

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"dialtone/pbx/api"
)

type ctlQuality struct {
	ID  string        `arg:"" name:"id" help:"The call, as the first column of \"dialtone ctl calls\" names it."`
	For time.Duration `default:"3s" placeholder:"3s" help:"For how long to measure: up to 20s."`
}

// Help is part of dialtone ctl quality --help.
func (ctlQuality) Help() string {
	return `Two lines a party: what comes from it, and what is sent to it as its own reports (RTCP) say. The level is that of what it says, in dB of full scale: speech is at about -25 to -15, the milliwatt of G.711 at -6. What is wrong stands below in words.

    dialtone ctl quality 64dcghd7bk6f
    dialtone ctl quality 64dcghd7bk6f --for 10s --json | jq '.[].verdict'`
}

// Run measures and prints.
func (c ctlQuality) Run(ctx context.Context, t terminal, ctl *ctlCommand) error {
	client, err := ctl.client()
	if err != nil {
		return err
	}
	parties, err := client.Quality(ctx, c.ID, c.For)
	if err != nil {
		return err
	}
	if ctl.JSON {
		return t.printJSON(parties)
	}
	return t.printQuality(parties)
}

func (t terminal) printQuality(parties []api.Quality) error {
	rows := table{head: []string{"AUDIO", "CODEC", "PACKETS", "LOSS", "JITTER", "RTT", "LEVEL", "PEAK", "CLIPPED", "SILENT"}}
	for _, q := range parties {
		level, peak, clipped, silent := "unknown", "", "", ""
		if l := q.Level; l != nil {
			level, peak = fmt.Sprintf("%.0f dBFS", l.RMS), fmt.Sprintf("%.0f dBFS", l.Peak)
			clipped, silent = fmt.Sprintf("%.1f%%", l.ClippedPercent), fmt.Sprintf("%.0f%%", l.SilentPercent)
		}
		rows.add("from "+q.Party, q.Codec, strconv.FormatUint(q.From.Packets, 10), fmt.Sprintf("%.1f%%", q.From.LossPercent),
			fmt.Sprintf("%.1fms", q.From.JitterMS), fmt.Sprintf("%.0fms", q.RTTMS), level, peak, clipped, silent)
		rows.add("to "+q.Party, q.Codec, strconv.FormatUint(q.To.Packets, 10), fmt.Sprintf("%.1f%%", q.To.LossPercent),
			fmt.Sprintf("%.1fms", q.To.JitterMS), "", "", "", "", "")
		if v := q.Video; v != nil {
			rows.add("video from "+q.Party, v.Codec, strconv.FormatUint(v.From.Packets, 10), fmt.Sprintf("%.1f%%", v.From.LossPercent),
				fmt.Sprintf("%.1fms", v.From.JitterMS), "", "", "", "", "")
			rows.add("video to "+q.Party, v.Codec, strconv.FormatUint(v.To.Packets, 10), fmt.Sprintf("%.1f%%", v.To.LossPercent),
				fmt.Sprintf("%.1fms", v.To.JitterMS), "", "", "", "", "")
		}
	}
	if err := rows.write(t.out); err != nil {
		return err
	}
	for _, q := range parties {
		for _, v := range q.Verdict {
			if _, err := fmt.Fprintf(t.out, "%s: %s.\n", q.Party, v); err != nil {
				return err
			}
		}
	}
	return nil
}
