package portal

// What tests look at from outside.
const (
	OwnListSQL  = ownListSQL
	OwnTotalSQL = ownTotalSQL
	OwnCaseSQL  = ownCaseSQL
)

// SessionHash is what is kept of a cookie.
var SessionHash = sessionHash
