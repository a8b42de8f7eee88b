package pbx

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
)

// Credentials that were handed out are good after a restart: the secret stays.
func TestTheSecretOfTheRelayStays(t *testing.T) {
	file := filepath.Join(t.TempDir(), "web", "turn-secret")
	first, err := keptSecret(file)
	if err != nil || len(first) < 20 {
		t.Fatalf("%q, %v", first, err)
	}
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("others can read it: %v, %v", info.Mode(), err)
	}
	again, err := keptSecret(file)
	if err != nil || again != first {
		t.Errorf("another one: %q, %v", again, err)
	}
	other, err := keptSecret(filepath.Join(t.TempDir(), "turn-secret"))
	if err != nil || other == first {
		t.Errorf("everybody has the same: %q, %v", other, err)
	}
	if err := errors.Join(os.Remove(file), os.Mkdir(file, 0o700)); err != nil {
		t.Fatal(err)
	}
	if secret, err := keptSecret(file); err == nil {
		t.Errorf("what cannot be read is replaced by %q", secret)
	}
}
