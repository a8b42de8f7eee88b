package record

import "time"

// Mono records audio that is made here, such as that of a conference, 20 ms at a time. Its
// methods are safe for concurrent use.
type Mono struct {
	*tape
	paused bool
	behind int // frames that are left out after a pause
}

// StartMono begins to record into one channel of a rate; max bounds the audio, 0 does not.
// Stop it.
func StartMono(to Writer, rate int, most time.Duration) *Mono {
	return &Mono{tape: newTape(to, rate, 1, most)}
}

// Frame takes 20 ms. It neither waits for the disk nor keeps pcm.
func (m *Mono) Frame(pcm []int16) {
	m.mu.Lock()
	defer m.mu.Unlock()
	switch {
	case m.over:
		return
	case m.paused:
		m.leaveOut()
		return
	case m.behind > 0:
		m.behind--
		m.leaveOut()
		return
	}
	if out := m.room(len(pcm)); out != nil {
		copy(out, pcm)
		m.added()
	}
	m.check()
}

// Pause leaves out what comes from now on. It reports whether that is new.
func (m *Mono) Pause() bool { return m.pause(true) }

// Resume goes on, a Lag later. It reports whether that is new.
func (m *Mono) Resume() bool { return m.pause(false) }

func (m *Mono) pause(on bool) (isNew bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	isNew = m.paused != on
	if m.paused = on; isNew && !on {
		m.behind = int(Lag / tick)
	}
	return isNew
}

// Stop ends the recording and gives what came of it, when that is on the disk. Call it
// once.
func (m *Mono) Stop() Result {
	m.finish()
	return m.end()
}

func (m *Mono) finish() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.over = true
}
