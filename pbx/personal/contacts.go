package personal

import (
	"crypto/rand"
	"slices"
	"strings"
)

// Add adds contacts, and gives them as they are kept.
func (b *Book) Add(extension string, added []Contact) ([]Contact, error) {
	for i := range added {
		added[i].ID = strings.ToLower(rand.Text()[:12])
		added[i].tidy()
	}
	return added, b.Change(extension, func(o *Own) error {
		o.Contacts = append(o.Contacts, added...)
		return nil
	})
}

// Put changes a contact.
func (b *Book) Put(extension string, c Contact) error {
	c.tidy()
	return b.Change(extension, func(o *Own) error {
		i := slices.IndexFunc(o.Contacts, func(old Contact) bool { return old.ID == c.ID })
		if i < 0 {
			return ErrUnknown
		}
		o.Contacts[i] = c
		return nil
	})
}

// Remove forgets a contact, and that it was a favourite.
func (b *Book) Remove(extension, id string) error {
	return b.Change(extension, func(o *Own) error {
		before := len(o.Contacts)
		o.Contacts = slices.DeleteFunc(o.Contacts, func(c Contact) bool { return c.ID == id })
		if len(o.Contacts) == before {
			return ErrUnknown
		}
		o.Favourites = slices.DeleteFunc(o.Favourites, func(f string) bool { return f == id })
		return nil
	})
}

// Favour makes an extension, or a contact by its id, a favourite, or not.
func (b *Book) Favour(extension, whom string, on bool) error {
	return b.Change(extension, func(o *Own) error {
		o.Favourites = slices.DeleteFunc(o.Favourites, func(f string) bool { return f == whom })
		if on && whom != "" {
			o.Favourites = append(o.Favourites, whom)
		}
		return nil
	})
}

func (c *Contact) tidy() {
	for _, s := range []*string{&c.Name, &c.Company, &c.Email} {
		*s = strings.TrimSpace(*s)
	}
	numbers := []string{}
	for _, n := range c.Numbers {
		if n = strings.TrimSpace(n); n != "" && !slices.Contains(numbers, n) {
			numbers = append(numbers, n)
		}
	}
	c.Numbers = numbers
}
