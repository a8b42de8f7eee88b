package wav

import "dialtone/media/resample"

// filter turns audio of another rate into Rate, without the delay that a resampler
// has.
type filter struct {
	source func([]int16) int
	re     *resample.Resampler
	old    [block]int16
	out    []int16 // new samples
	at, n  int     // of out: what is still to be read
	skip   int     // new samples that come before the first one
	tail   int     // samples of silence that are still to be put behind the end
}

func newFilter(rate int, source func([]int16) int) (*filter, error) {
	re, err := resample.NewSharp(rate, Rate)
	if err != nil {
		return nil, err
	}
	return &filter{source: source, re: re, out: make([]int16, re.Len(block)), skip: re.Delay(), tail: re.Tail()}, nil
}

// read fills pcm and gives how many samples there were; 0 at the end.
func (f *filter) read(pcm []int16) int {
	n := 0
	for n < len(pcm) {
		if f.at == f.n && !f.fill() {
			break
		}
		got := copy(pcm[n:], f.out[f.at:f.n])
		f.at += got
		n += got
	}
	return n
}

// fill gets more new samples, perhaps none yet; false at the end.
func (f *filter) fill() bool {
	n := f.source(f.old[:])
	if n == 0 {
		n = min(f.tail, block)
		f.tail -= n
		clear(f.old[:n])
	}
	if n == 0 {
		return false
	}
	f.n = f.re.Process(f.out, f.old[:n])
	f.at = min(f.skip, f.n)
	f.skip -= f.at
	return true
}
