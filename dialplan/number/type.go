package number

// Type is what kind of service a number reaches.
type Type string

// The types of numbers.
const (
	TypeUnknown   Type = "unknown"   // of the right length, but in no known range
	TypeFixed     Type = "fixed"     // a line at a place; in North America also mobile
	TypeMobile    Type = "mobile"    // a mobile phone
	TypeTollFree  Type = "toll-free" // free for the caller
	TypeShared    Type = "shared"    // the costs are shared
	TypePremium   Type = "premium"   // costs more than a call
	TypePersonal  Type = "personal"  // follows a person; often as dear as premium
	TypeVoIP      Type = "voip"      // a line without a place
	TypeCorporate Type = "corporate" // one number for a whole company
	TypePager     Type = "pager"     // a pager
	TypeVoicemail Type = "voicemail" // a mailbox
	TypeService   Type = "service"   // a short number of the country, such as directory enquiries
	TypeEmergency Type = "emergency" // an emergency service
)

// Class is what toll control decides by.
type Class string

// The toll classes, one for each number.
const (
	ClassEmergency     Class = "emergency"     // never to be held back
	ClassTollFree      Class = "toll-free"     // free, in the country of the plan or everywhere
	ClassDomestic      Class = "domestic"      // fixed lines and the like in the country of the plan
	ClassMobile        Class = "mobile"        // mobile phones in the country of the plan
	ClassService       Class = "service"       // short numbers of the country at the cost of a call
	ClassInternational Class = "international" // other countries
	ClassPremium       Class = "premium"       // dear wherever it is: premium, personal and pager numbers, satellites, services of unknown cost
)

// Global is the country of numbers that belong to none, such as +800 and +870.
const Global = "001"
