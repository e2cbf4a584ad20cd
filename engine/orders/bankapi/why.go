package bankapi

import (
	"crypto/x509"
	"errors"
	"net"
	"strings"

	"robotbailiff/engine/orders/bankapi/wire"
	"robotbailiff/internal/outcall"
)

const ourFault = "the bank does not know our certificate or refuses it: give the bank the certificate, or its issuer, and look whether it is still valid"

// Why says in words what is wrong with the way to a bank, and what to do, for whoever sets it up. It holds no secret, but may name the
// bank's address.
func Why(err error) string {
	var (
		dns       *net.DNSError
		op        *net.OpError
		unknown   x509.UnknownAuthorityError
		host      x509.HostnameError
		invalid   x509.CertificateInvalidError
		call      *CallError
		timeout   interface{ Timeout() bool }
		hasCall   = errors.As(err, &call)
		isTimeout = errors.As(err, &timeout) && timeout.Timeout()
	)
	switch {
	case errors.As(err, &unknown):
		return "the bank shows a certificate that none of our roots stands for: take the roots from the bank anew, or somebody is in between"
	case errors.As(err, &host):
		return "the bank's certificate is for another host: the address is not the one that the bank has named"
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return "the bank's certificate has expired, or this computer's clock is wrong"
	case errors.As(err, &dns):
		return "the host of the bank's address is not known: look at the address, and whether names are resolved here"
	case errors.Is(err, errElsewhere):
		return "a connection was going to another place than the one configured, and was not made"
	case strings.Contains(errText(err), "remote error: tls"): // the alert has no type of its own
		return ourFault
	case errors.As(err, &op) && op.Op == "dial" && isTimeout:
		return "nobody answers at the bank's address: a firewall on the way, or the wrong port"
	case errors.As(err, &op) && op.Op == "dial":
		return "the bank's port is closed: the service is down, or the address has another port"
	case !hasCall:
		return "the call failed: " + errText(err)
	}
	return call.why(isTimeout)
}

func (e *CallError) why(isTimeout bool) string {
	switch {
	case errors.Is(e.err, outcall.ErrPaused):
		return "the bank is left alone for a while, since it asked for that or had not answered many times in a row"
	case errors.Is(e.err, outcall.ErrNoTime):
		return "there was no time left for the call"
	case isTimeout:
		return "the bank has taken the request and not answered in time"
	case e.Fate == Refused && e.Code == codeSignature:
		return "the bank does not know the key that we sign with: give it the public key, or look whether the file is the right one"
	case e.Fate == Refused && e.Code == codeTime:
		return "our clock and the bank's are more than five minutes apart: set this computer's clock"
	case e.Fate == Refused && e.Code == codeBank:
		return "at this address is another bank: the name or the address is wrong"
	case e.Fate == Refused:
		return "the bank refuses the request: " + e.Code
	case e.Code == codeSignature:
		return "the answer is not signed by a key of the bank that we know: take the bank's public key anew"
	case e.Code == codeTime:
		return "the bank's answer was written more than five minutes from now: one of the clocks is wrong"
	case e.Code == codeContent:
		return "what answers is not the bank's service, or it speaks another encoding: look at the address and at json or xml"
	case e.Code == codeEvidence:
		return "what the bank has signed could not be kept here"
	case strings.HasPrefix(e.Code, "http_4"):
		return "what answers is not the bank's service or does not know the path, with " + e.Code + ": look at the address"
	case strings.HasPrefix(e.Code, "http_"):
		return "the bank's service has a fault, with " + e.Code
	case e.Code == outcall.ErrNoAnswer.Error() || e.Code == outcall.ErrNotSent.Error():
		return "the connection broke before an answer came; when it always does, " + ourFault // in TLS 1.3 the alert may be lost, before or after the request
	}
	return "the answer is not as the contract of version " + wire.Version + " says: " + e.Code
}

func errText(err error) string {
	if err == nil {
		return ""
	}
	text := err.Error()
	for e := err; e != nil; e = errors.Unwrap(e) {
		text = text + " " + e.Error()
	}
	return text
}
