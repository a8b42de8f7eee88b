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
	var buf [32]byte
	if len(name) > len(buf) {
		return kindOther, name
	}
	for i := range len(name) {
		buf[i] = lower(name[i])
	}
	low := string(buf[:len(name)])
	if k, full := basicKind(low); full != "" {
		return k, full
	}
	if k, full := extensionKind(low); full != "" {
		return k, full
	}
	if full := plainName(low); full != "" {
		return kindOther, full
	}
	return kindOther, name
}

// basicKind knows fields of RFC 3261; the name is "" for others.
func basicKind(low string) (kind, string) {
	switch low {
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
	case "expires":
		return kindExpires, "Expires"
	case "min-expires":
		return kindMinExpires, "Min-Expires"
	}
	return kindOther, ""
}

// extensionKind knows fields of later RFCs.
func extensionKind(low string) (kind, string) {
	switch low {
	case "refer-to", "r":
		return kindReferTo, "Refer-To"
	case "referred-by", "b":
		return kindReferredBy, "Referred-By"
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
	}
	return kindOther, ""
}

// plainName is the full name of the other fields that have a compact form.
func plainName(low string) string {
	switch low {
	case "supported", "k":
		return "Supported"
	case "subject", "s":
		return "Subject"
	case "content-encoding", "e":
		return "Content-Encoding"
	case "allow-events", "u":
		return "Allow-Events"
	case "accept-contact", "a":
		return "Accept-Contact"
	case "reject-contact", "j":
		return "Reject-Contact"
	case "request-disposition", "d":
		return "Request-Disposition"
	case "identity", "y":
		return "Identity"
	}
	return ""
}
