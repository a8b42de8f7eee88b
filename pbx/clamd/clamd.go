// Package clamd has files looked at by a ClamAV daemon, over a unix socket or TCP
// (INSTREAM of clamd(8)).
package clamd

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"strings"
	"time"
)

const (
	connectTime = 5 * time.Second
	scanTime    = 2 * time.Minute // of one file
	chunk       = 64 << 10
	maxAnswer   = 1024
)

// ErrTooLarge says that clamd does not look at files of that size (StreamMaxLength).
var ErrTooLarge = errors.New("clamd: the file is larger than its StreamMaxLength")

// Scan sends what r holds to the daemon at an address, unix:///run/clamav/clamd.ctl or
// tcp://host:3310, and gives the name of the virus in it, "" when there is none. An error
// is that nobody knows.
func Scan(ctx context.Context, address string, r io.Reader) (virus string, err error) {
	network, target, err := split(address)
	if err != nil {
		return "", err
	}
	ctx, cancel := context.WithTimeout(ctx, scanTime)
	defer cancel()
	dialer := net.Dialer{Timeout: connectTime}
	conn, err := dialer.DialContext(ctx, network, target)
	if err != nil {
		return "", fmt.Errorf("clamd: %w", err)
	}
	defer func() { _ = conn.Close() }()
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer stop()
	ours, sent := send(conn, r)
	if ours {
		return "", fmt.Errorf("reading what clamd is to look at: %w", sent)
	}
	answer, err := bufio.NewReader(io.LimitReader(conn, maxAnswer)).ReadString(0)
	if err != nil && answer == "" {
		return "", fmt.Errorf("clamd gives no answer: %w", errors.Join(sent, err))
	}
	virus, err = read(strings.TrimRight(answer, "\x00\n"))
	if err == nil && virus == "" && sent != nil { // it has not seen all of it
		err = fmt.Errorf("clamd: %w", sent)
	}
	return virus, err
}

func split(address string) (network, target string, err error) {
	u, err := url.Parse(address)
	switch {
	case err != nil:
		return "", "", fmt.Errorf("clamd: %w", err)
	case u.Scheme == "unix":
		return "unix", u.Path, nil
	case u.Scheme == "tcp":
		return "tcp", u.Host, nil
	}
	return "", "", fmt.Errorf("clamd: %q is no address: write unix:///run/clamav/clamd.ctl or tcp://host:3310", address)
}

// send sends pieces, each behind its length, and a last one of none. A failure is ours when
// r cannot be read; else clamd has an answer, perhaps, before it has all.
func send(w io.Writer, r io.Reader) (ours bool, err error) {
	if _, err := io.WriteString(w, "zINSTREAM\x00"); err != nil {
		return false, err
	}
	piece := make([]byte, 4+chunk)
	for {
		n, err := r.Read(piece[4:])
		if n > 0 {
			binary.BigEndian.PutUint32(piece, uint32(n))
			if _, err := w.Write(piece[:4+n]); err != nil {
				return false, err
			}
		}
		switch {
		case errors.Is(err, io.EOF):
			_, err = w.Write(make([]byte, 4))
			return false, err
		case err != nil:
			return true, err
		}
	}
}

func read(answer string) (virus string, err error) {
	what := strings.TrimPrefix(answer, "stream: ")
	switch {
	case what == "OK":
		return "", nil
	case strings.HasSuffix(what, " FOUND"):
		return strings.TrimSuffix(what, " FOUND"), nil
	case strings.Contains(what, "size limit exceeded"):
		return "", ErrTooLarge
	}
	return "", fmt.Errorf("clamd answers %q", answer)
}
