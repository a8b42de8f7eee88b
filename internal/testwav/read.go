package testwav

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// Read gives how a file of 16 bits holds its audio, and what is on each channel. A file that
// still grows does not know its length: what is there is read.
func Read(data []byte) (f Format, channels [][]int16, err error) {
	if len(data) < 12 || string(data[:4]) != "RIFF" || string(data[8:12]) != "WAVE" {
		return f, nil, fmt.Errorf("no WAV file: %q", data[:min(len(data), 12)])
	}
	for data = data[12:]; len(data) >= 8; {
		id, size, body := string(data[:4]), int(binary.LittleEndian.Uint32(data[4:])), data[8:]
		switch {
		case id == "fmt " && len(body) >= 16:
			f = Format{Tag: binary.LittleEndian.Uint16(body), Channels: int(binary.LittleEndian.Uint16(body[2:])), Rate: int(binary.LittleEndian.Uint32(body[4:]))}
			if bits := binary.LittleEndian.Uint16(body[14:]); f.Tag != 1 || bits != 16 || f.Channels < 1 {
				return f, nil, fmt.Errorf("%d channels of format %d and %d bits", f.Channels, f.Tag, bits)
			}
		case id == "data" && f.Channels > 0:
			return f, split(body, f.Channels), nil
		}
		data = body[min(size+size%2, len(body)):]
	}
	return f, nil, errors.New("the WAV file holds no audio")
}

// split takes the channels apart.
func split(data []byte, channels int) [][]int16 {
	out := make([][]int16, channels)
	for frame := 2 * channels; len(data) >= frame; data = data[frame:] {
		for i := range out {
			out[i] = append(out[i], int16(binary.LittleEndian.Uint16(data[2*i:])))
		}
	}
	return out
}
