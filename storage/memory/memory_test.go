package memory_test

import (
	"testing"

	"dialtone/storage"
	"dialtone/storage/memory"
	"dialtone/storage/storagetest"
)

func TestStore(t *testing.T) {
	storagetest.Run(t, func(*testing.T) storage.Store { return memory.New() })
}
