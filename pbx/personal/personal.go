// Package personal keeps what people at the web phone keep for themselves, the same on all
// of their devices: contacts, favourites, a status, a picture, and what they have seen. It
// is a small file for each extension, in the data folder.
package personal

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode/utf8"
)

// Bounds of what one extension may keep.
const (
	MostContacts   = 2000
	MostNumbers    = 5 // of a contact
	MostFavourites = 200
	mostChats      = 500 // of which it is kept what was read
	longestText    = 200 // bytes
)

// ErrInvalid says that something cannot be kept so, ErrFull that it is too much.
var (
	ErrInvalid = errors.New("this cannot be kept")
	ErrFull    = errors.New("more than that is not kept")
	ErrUnknown = errors.New("there is no such contact")
)

// Own is what one extension keeps.
type Own struct {
	Contacts   []Contact `json:"contacts,omitempty"` // the first was added first
	Favourites []string  `json:"favourites,omitempty"`
	Status     Status    `json:"status"`
	Seen       Seen      `json:"seen"`
	// Picture changes with the picture; "" is none.
	Picture string `json:"picture,omitempty"`
}

// Status is what others see of somebody besides what the phones do.
type Status struct {
	Note string `json:"note,omitempty"` // "In Lyon until Friday"
	Away bool   `json:"away,omitempty"`
}

// Contact is somebody outside whom one calls.
type Contact struct {
	ID      string   `json:"id"`
	Name    string   `json:"name"`
	Company string   `json:"company,omitempty"`
	Email   string   `json:"email,omitempty"`
	Numbers []string `json:"numbers"`
}

// Seen is up to when somebody has looked: at calls that were missed, and at each chat.
type Seen struct {
	Calls time.Time            `json:"calls,omitzero"`
	Chats map[string]time.Time `json:"chats,omitempty"`
}

// Book has what all extensions keep. It is safe for concurrent use.
type Book struct {
	folder  string
	writing sync.Mutex // one change after the other

	mu  sync.Mutex
	all map[string]Own // none is changed once it is in here
}

// Open reads the folder. A file that cannot be read is put aside, and the log is told: no
// telephone waits for contacts.
func Open(folder string, log *slog.Logger) (*Book, error) {
	b := &Book{folder: folder, all: map[string]Own{}}
	list, err := os.ReadDir(folder)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("what people keep for themselves: %w", err)
	}
	for _, entry := range list {
		extension, is := strings.CutSuffix(entry.Name(), ".json")
		if !is {
			continue
		}
		var own Own
		text, err := os.ReadFile(filepath.Join(folder, entry.Name()))
		if err == nil {
			err = json.Unmarshal(text, &own)
		}
		if err != nil {
			aside := filepath.Join(folder, entry.Name()+".broken")
			log.Error("contacts and the like of an extension cannot be read; they are put aside", "extension", extension, "file", aside,
				"error", errors.Join(err, os.Rename(filepath.Join(folder, entry.Name()), aside)))
			continue
		}
		b.all[extension] = own
	}
	return b, nil
}

// Of is what an extension keeps. It must not be changed.
func (b *Book) Of(extension string) Own {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.all[extension]
}

// Change changes what an extension keeps; change gets a copy that is its own. It is on the
// disk when Change returns nil.
func (b *Book) Change(extension string, change func(*Own) error) error {
	b.writing.Lock()
	defer b.writing.Unlock()
	own := b.Of(extension)
	own.Contacts, own.Favourites, own.Seen.Chats = slices.Clone(own.Contacts), slices.Clone(own.Favourites), maps.Clone(own.Seen.Chats)
	if err := change(&own); err != nil {
		return err
	}
	if err := own.check(); err != nil {
		return err
	}
	text, err := json.Marshal(own)
	if err == nil {
		err = b.write(extension+".json", text)
	}
	if err != nil {
		return fmt.Errorf("contacts and the like of %s are not kept: %w", extension, err)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.all[extension] = own
	return nil
}

func (o *Own) check() error {
	o.Seen.forgetOld()
	if len(o.Contacts) > MostContacts || len(o.Favourites) > MostFavourites {
		return ErrFull
	}
	texts := append([]string{o.Status.Note}, o.Favourites...)
	for _, c := range o.Contacts {
		if c.Name == "" && len(c.Numbers) == 0 || len(c.Numbers) > MostNumbers {
			return ErrInvalid
		}
		texts = append(append(texts, c.Name, c.Company, c.Email), c.Numbers...)
	}
	if slices.ContainsFunc(texts, func(s string) bool { return len(s) > longestText || !utf8.ValidString(s) }) {
		return ErrInvalid
	}
	return nil
}

// forgetOld bounds the chats of which it is known what was read: those read longest ago go.
func (s *Seen) forgetOld() {
	if len(s.Chats) <= mostChats {
		return
	}
	names := slices.SortedFunc(maps.Keys(s.Chats), func(a, b string) int { return s.Chats[b].Compare(s.Chats[a]) })
	for _, name := range names[mostChats:] {
		delete(s.Chats, name)
	}
}

// write writes a file in whole or not at all.
func (b *Book) write(name string, text []byte) error {
	if err := os.MkdirAll(b.folder, 0o700); err != nil {
		return err
	}
	part := filepath.Join(b.folder, name+".part")
	f, err := os.OpenFile(part, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	if err = errors.Join(err, f.Sync(), f.Close()); err == nil {
		err = os.Rename(part, filepath.Join(b.folder, name))
	}
	return err
}
