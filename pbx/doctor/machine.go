package doctor

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"dialtone/pbx/disk"
)

const (
	littleDisk = 500 << 20
	noDisk     = 50 << 20
)

// folder is where data is kept: it has to be writable, and to have room.
func (p *patient) folder(context.Context) []Finding {
	info, err := os.Stat(p.Data)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return []Finding{skipped("there is no data folder yet: "+p.Data, "it is made at the first start")}
	case err != nil:
		return []Finding{problem("the data folder cannot be looked at: "+err.Error(), "run this as the user that runs the server")}
	case !info.IsDir():
		return []Finding{problem(p.Data+" is no folder", "write another into data:")}
	}
	var out []Finding
	f, err := os.CreateTemp(p.Data, ".doctor-*")
	if err != nil {
		out = append(out, problem("nothing can be written in "+p.Data+": "+reason(err), "give it to the user that runs the server: chown -R dialtone "+p.Data))
	} else {
		_, err = f.Write(make([]byte, 4096))
		if err = errors.Join(err, f.Sync(), f.Close(), os.Remove(f.Name())); err != nil {
			out = append(out, problem("nothing can be written in "+p.Data+": "+reason(err), "look at the disk: is it full, or read-only?"))
		}
	}
	free, err := disk.Free(p.Data)
	switch text := fmt.Sprintf("%.1f GB of the disk of %s are free", float64(free)/1e9, p.Data); {
	case err != nil:
	case free < noDisk:
		out = append(out, problem(text, "make room: records, voicemail and recordings need it"))
	case free < littleDisk:
		out = append(out, warning(text, "make room: recordings stop at recording.min_free"))
	case len(out) == 0:
		out = append(out, ok(p.Data+" can be written to, and "+text))
	}
	return out
}

func reason(err error) string {
	var path *fs.PathError
	if errors.As(err, &path) {
		return path.Err.Error()
	}
	return err.Error()
}

// firstYear is before any machine that runs this has been set right.
const firstYear = 2025

// clock has to be right: certificates and passwords of the web phone are for a time.
func (p *patient) clock(context.Context) []Finding {
	now := time.Now()
	if now.Year() < firstYear {
		return []Finding{problem("the clock of this machine says "+now.Format(time.DateTime), "set it, and have it kept right: timedatectl set-ntp true")}
	}
	switch kept, known := synchronised(); {
	case known && !kept:
		return []Finding{warning("nothing keeps the clock of this machine right; it says "+now.Format("2006-01-02 15:04:05 MST"), "timedatectl set-ntp true, or chrony; in a container, its host does it")}
	case known:
		return []Finding{ok("the clock is kept right")}
	}
	return []Finding{ok("the clock says " + now.Format("2006-01-02 15:04:05 MST"))}
}
