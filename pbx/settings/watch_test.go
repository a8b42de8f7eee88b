package settings_test

import (
	"slices"
	"testing"

	"dialtone/storage/memory"
)

func TestWhoWatchesIsTold(t *testing.T) {
	s := open(t, memory.New(), &board{})
	var told []string
	s.Watch(func(extension string) {
		told = append(told, extension, map[bool]string{true: "on", false: "off"}[s.Of(extension).DND])
	})
	for _, value := range []string{"on", "maybe", "off"} {
		_, _ = s.Set("100", "dnd", value)
	}
	if want := []string{"100", "on", "100", "off"}; !slices.Equal(told, want) {
		t.Errorf("told %v, want %v", told, want)
	}
}
