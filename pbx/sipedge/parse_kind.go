package sipedge

// kind is a header field that the edge knows.
type kind uint8

const (
	kindOther kind = iota
	// These may come only once in a message.
	kindFrom
	kindTo
	kindCallID
	kindCSeq
	kindMaxForwards
	kindContentLength
	kindContentType
	kindReferTo
	kindReferredBy
	kindExpires
	kindEvent
	kindSessionExpires
	kindMinSE
	kindReplaces
	kindRSeq
	kindRAck
	kindMinExpires
	kindLastOnce
	// These may come more often.
	kindVia
	kindContact
	kindRoute
	kindRecordRoute
)

func (k kind) once() bool { return k > kindOther && k < kindLastOnce }

// headerKind gives a header field its full name in the usual spelling; of one it
// does not know it keeps the name as it is. All compact forms of the IANA
// registry are known.
func headerKind(name string) (kind, string) {
	var low [32]byte
	if len(name) > len(low) {
		return kindOther, name
	}
	for i := range len(name) {
		low[i] = lower(name[i])
	}
	switch string(low[:len(name)]) {
	case "via", "v":
		return kindVia, "Via"
	case "from", "f":
		return kindFrom, "From"
	case "to", "t":
		return kindTo, "To"
	case "call-id", "i":
		return kindCallID, "Call-ID"
	case "cseq":
		return kindCSeq, "CSeq"
	case "max-forwards":
		return kindMaxForwards, "Max-Forwards"
	case "content-length", "l":
		return kindContentLength, "Content-Length"
	case "content-type", "c":
		return kindContentType, "Content-Type"
	case "contact", "m":
		return kindContact, "Contact"
	case "route":
		return kindRoute, "Route"
	case "record-route":
		return kindRecordRoute, "Record-Route"
	case "refer-to", "r":
		return kindReferTo, "Refer-To"
	case "referred-by", "b":
		return kindReferredBy, "Referred-By"
	}
	return otherKind(string(low[:len(name)]), name)
}

func otherKind(low, name string) (kind, string) {
	switch low {
	case "expires":
		return kindExpires, "Expires"
	case "event", "o":
		return kindEvent, "Event"
	case "session-expires", "x":
		return kindSessionExpires, "Session-Expires"
	case "min-se":
		return kindMinSE, "Min-SE"
	case "replaces":
		return kindReplaces, "Replaces"
	case "rseq":
		return kindRSeq, "RSeq"
	case "rack":
		return kindRAck, "RAck"
	case "min-expires":
		return kindMinExpires, "Min-Expires"
	case "supported", "k":
		return kindOther, "Supported"
	case "subject", "s":
		return kindOther, "Subject"
	case "content-encoding", "e":
		return kindOther, "Content-Encoding"
	case "allow-events", "u":
		return kindOther, "Allow-Events"
	case "accept-contact", "a":
		return kindOther, "Accept-Contact"
	case "reject-contact", "j":
		return kindOther, "Reject-Contact"
	case "request-disposition", "d":
		return kindOther, "Request-Disposition"
	case "identity", "y":
		return kindOther, "Identity"
	}
	return kindOther, name
}
