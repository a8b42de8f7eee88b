package plantest

import (
	"fmt"
	"maps"
	"slices"

	"dialtone/dialplan"
	"dialtone/pbx/settings"
	"dialtone/pbx/toll"
)

// OwnSettings are what extensions have set for themselves, by extension and name.
type OwnSettings map[string]map[string]dialplan.Text

// Settings are what extensions have set in a test; its own go before those of all.
func (s *Suite) Settings(c *Case) map[string]map[string]string {
	out := map[string]map[string]string{}
	for _, of := range []OwnSettings{s.settings, c.Settings} {
		for extension, values := range of {
			if out[extension] == nil {
				out[extension] = map[string]string{}
			}
			for name, t := range values {
				out[extension][name] = t.Value
			}
		}
	}
	return out
}

// newSettings are those of one test.
func (s *Suite) newSettings(values map[string]map[string]string) (*settings.Settings, error) {
	return settings.Only(settings.Fixed(s.Config, s.Plan, toll.Judge), values)
}

// settings checks that they can be set.
func (r reader) ownSettings(of OwnSettings, path string) {
	for _, extension := range slices.Sorted(maps.Keys(of)) {
		for _, name := range slices.Sorted(maps.Keys(of[extension])) {
			t := of[extension][name]
			_, err := r.newSettings(map[string]map[string]string{extension: {name: t.Value}})
			if err != nil {
				r.doc.Fail(t.At, fmt.Sprintf("%s.%s.%s", path, extension, name), err.Error(), "see dialtone docs settings")
			}
		}
	}
}
