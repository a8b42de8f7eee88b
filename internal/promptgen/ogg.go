package main

import (
	"encoding/binary"
	"errors"
	"math"

	"dialtone/media/codec"
	"dialtone/prompts"
)

const (
	opusClock = 48000
	// lookahead is the delay of the encoder in samples of opusClock: 6.5 ms.
	lookahead = 312
	bitrate   = 24000
	packet    = prompts.Rate / 50 // 20 ms
	perPage   = 50
)

// encode makes an Ogg Opus file of pcm (RFC 7845).
func encode(pcm []float64) ([]byte, error) {
	e, err := codec.NewEncoder(codec.Opus, codec.Options{Rate: prompts.Rate, Bitrate: bitrate, Complexity: 10})
	if err != nil {
		return nil, err
	}
	// It is not closed: one that is used again does not begin quite anew, and would make
	// other bytes.
	head := append([]byte("OpusHead\x01\x01"), 0, 0, 0, 0, 0, 0, 0, 0, 0)
	binary.LittleEndian.PutUint16(head[10:], lookahead)
	binary.LittleEndian.PutUint32(head[12:], prompts.Rate)
	vendor := "dialtone"
	tags := append(binary.LittleEndian.AppendUint32([]byte("OpusTags"), uint32(len(vendor))), vendor...)
	tags = append(tags, 0, 0, 0, 0)
	w := &pages{}
	w.page(first, 0, head)
	w.page(0, 0, tags)

	end := lookahead + int64(len(pcm))*opusClock/prompts.Rate
	var list [][]byte
	for at := int64(0); at < end; at += opusClock / 50 {
		var frame [packet]int16
		for i := range frame {
			if from := int(at)*prompts.Rate/opusClock + i; from < len(pcm) {
				frame[i] = int16(math.RoundToEven(pcm[from] * 32767))
			}
		}
		var out [1500]byte
		n := e.Encode(out[:], frame[:])
		if n == 0 {
			return nil, errors.New("a frame could not be encoded")
		}
		list = append(list, append([]byte(nil), out[:n]...))
		now := at + opusClock/50
		switch {
		case now >= end:
			w.page(last, end, list...)
		case len(list) == perPage:
			w.page(0, now, list...)
			list = nil
		}
	}
	return w.out, nil
}

// What a page is, besides one of many.
const (
	first = 2
	last  = 4
)

// pages writes an Ogg stream (RFC 3533 §6).
type pages struct {
	out    []byte
	number uint32
}

// page writes one page that ends at granule, in samples of opusClock.
func (w *pages) page(kind byte, granule int64, packets ...[]byte) {
	var table, body []byte
	for _, p := range packets {
		for n := len(p); ; n -= 255 {
			table = append(table, byte(min(n, 255)))
			if n < 255 {
				break
			}
		}
		body = append(body, p...)
	}
	page := append([]byte("OggS\x00"), kind)
	page = binary.LittleEndian.AppendUint64(page, uint64(granule))
	page = binary.LittleEndian.AppendUint32(page, 1) // the only stream
	page = binary.LittleEndian.AppendUint32(page, w.number)
	page = append(page, 0, 0, 0, 0, byte(len(table)))
	page = append(append(page, table...), body...)
	binary.LittleEndian.PutUint32(page[22:], checksum(page))
	w.out = append(w.out, page...)
	w.number++
}

// checksum is the CRC of Ogg: the polynomial of IEEE, but the high bits come first and
// nothing is inverted.
func checksum(page []byte) (sum uint32) {
	for _, b := range page {
		sum ^= uint32(b) << 24
		for range 8 {
			if carry := sum >> 31; carry == 1 {
				sum = sum<<1 ^ 0x04c11db7
			} else {
				sum <<= 1
			}
		}
	}
	return sum
}
