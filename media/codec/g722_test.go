package codec

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// TestG722IsThatOfOthers compares with ffmpeg 5.1, to the bit: the .g722 files were
// decoded by it (the hash is of that, in 16 bits little endian) and encoded again (to
// .again.g722). One is speech, the other every code there is.
func TestG722IsThatOfOthers(t *testing.T) {
	for name, hash := range map[string]string{
		"speech": "6e4f11388fb52a459c9bc717713c74ae78bf75081f61b2db38f8f79fab2ec693",
		"noise":  "549d9824d2dc0e90c2b6f1f21ba3bf51528e3c1b5941d6d26b789c824b4a64c0",
	} {
		read := func(file string) []byte {
			data, err := os.ReadFile(filepath.Join("testdata/g722", file))
			if err != nil {
				t.Fatal(err)
			}
			return data
		}
		coded, again := read(name+".g722"), read(name+".again.g722")
		d, err := NewDecoder(G722, 0)
		if err != nil {
			t.Fatal(err)
		}
		e, err := NewEncoder(G722, Options{})
		if err != nil {
			t.Fatal(err)
		}
		var all []int16
		var ours []byte
		pcm, payload := make([]int16, 320), make([]byte, 160)
		for part := range slices.Chunk(coded, 160) {
			n := d.Decode(pcm, part)
			all = append(all, pcm[:n]...)
			ours = append(ours, payload[:e.Encode(payload, pcm[:n])]...)
		}
		raw, err := binary.Append(nil, binary.LittleEndian, all)
		if err != nil {
			t.Fatal(err)
		}
		if sum := sha256.Sum256(raw); hex.EncodeToString(sum[:]) != hash {
			t.Errorf("%s: decoded to %x, want %s", name, sum, hash)
		}
		if !bytes.Equal(ours, again) {
			t.Errorf("%s: encoded to other bytes", name)
		}
	}
}
