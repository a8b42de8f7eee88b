package testbaresip

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"sync"

	"dialtone/internal/callscript"
)

// control is the control port of a baresip: commands go in, answers and events come out.
type control struct {
	conn    net.Conn
	says    io.Writer
	reading sync.WaitGroup

	mu      sync.Mutex
	events  []string      // types, in order
	changed chan struct{} // closed and replaced with each event
}

// longest is what a message may have, in octets.
const longest = 1 << 20

// openControl opens the control port as soon as it is there.
func openControl(ctx context.Context, port int, says io.Writer) (*control, error) {
	c := &control{says: says, changed: make(chan struct{})}
	var err error
	callscript.Until(ctx, func() bool {
		c.conn, err = (&net.Dialer{}).DialContext(ctx, "tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
		return err == nil
	})
	if err != nil {
		return nil, err
	}
	c.reading.Go(c.read)
	return c, nil
}

// close waits until nothing is read any more.
func (c *control) close() {
	_ = c.conn.Close()
	c.reading.Wait()
}

// read takes netstrings, each a JSON object, to the end.
func (c *control) read() {
	in := bufio.NewReader(c.conn)
	for {
		length, err := in.ReadString(':')
		if err != nil {
			return
		}
		n, err := strconv.Atoi(strings.TrimSuffix(length, ":"))
		if err != nil || n < 0 || n > longest {
			return
		}
		data := make([]byte, n+1) // and the comma
		if _, err := io.ReadFull(in, data); err != nil {
			return
		}
		_, _ = fmt.Fprintf(c.says, "%s\n", data[:n])
		var message struct {
			Event bool
			Type  string
		}
		if json.Unmarshal(data[:n], &message) == nil && message.Event {
			c.note(message.Type)
		}
	}
}

func (c *control) note(event string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.events = append(c.events, event)
	close(c.changed)
	c.changed = make(chan struct{})
}

// wait waits until an event has come n times in all; else it gives all that have come.
func (c *control) wait(ctx context.Context, event string, n int) (all string, ok bool) {
	for {
		seen, changed := c.seen()
		if count(seen, event) >= n {
			return "", true
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return strings.Join(seen, " "), false
		}
	}
}

// seen are the events so far, and what is closed when there is another.
func (c *control) seen() (events []string, changed <-chan struct{}) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.events, c.changed
}

func count(all []string, one string) (n int) {
	for _, e := range all {
		if e == one {
			n++
		}
	}
	return n
}

func (c *control) command(name, params string) error {
	data, err := json.Marshal(map[string]string{"command": name, "params": params})
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(c.conn, "%d:%s,", len(data), data)
	return err
}
