package toll

import (
	"dialtone/config"
	"dialtone/dialplan/number"
)

// defaultPermission is that of extensions that name none.
const defaultPermission = "default"

// builtIn is the default permission of a configuration that has none of that name.
func builtIn() config.Permission {
	p := config.DefaultPermission()
	p.Allow = []string{
		string(number.ClassTollFree), string(number.ClassDomestic), string(number.ClassMobile), string(number.ClassService),
	}
	return p
}

// kindLimit is the limit of a kind that a permission allows without saying how
// much: dear calls are what a stolen password is used for.
func kindLimit(kind number.Class) config.TollLimit {
	switch kind {
	case number.ClassInternational:
		return config.TollLimit{Calls: 3, PerHour: 30}
	case number.ClassPremium:
		return config.TollLimit{Calls: 1, PerHour: 5}
	}
	return config.TollLimit{}
}
