package sms

import (
	"errors"
	"fmt"

	"github.com/linxGnu/gosmpp/data"
)

// statusError is a refusal by the centre: a command status other than zero (SMPP 3.4, 5.1.3).
type statusError struct{ status data.CommandStatusType }

func (e *statusError) Error() string { return fmt.Sprintf("smpp_0x%02x", uint32(e.status)) }

// permanent says that the fault lies in the number or in the text, and that another attempt would end the same way. All other
// refusals are about us, our settings or the centre, and may be over tomorrow.
func (e *statusError) permanent() bool {
	switch e.status {
	case data.ESME_RINVDSTADR, data.ESME_RINVDSTTON, data.ESME_RINVDSTNPI, data.ESME_RINVMSGLEN:
		return true
	default:
		return false
	}
}

// slower says that the centre wants fewer at a time.
func (e *statusError) slower() bool {
	return e.status == data.ESME_RTHROTTLED || e.status == data.ESME_RMSGQFUL
}

// detailOf is what is kept of an error: a code, never an address.
func detailOf(err error) string {
	if s, ok := errors.AsType[*statusError](err); ok {
		return s.Error()
	}
	for _, known := range []error{ErrNotBound, errNoTime, errMaybe, errNumber, errTooLong, errSource} {
		if errors.Is(err, known) {
			return known.Error()
		}
	}
	return "failed"
}

// messageState is SMPP's message_state (5.2.28).
type messageState byte

const (
	stateEnroute messageState = iota + 1
	stateDelivered
	stateExpired
	stateDeleted
	stateUndeliverable
	stateAccepted
	stateUnknown
	stateRejected
)

// stateNames are those of a receipt's text (appendix B).
var stateNames = map[string]messageState{
	"ENROUTE": stateEnroute, "DELIVRD": stateDelivered, "EXPIRED": stateExpired, "DELETED": stateDeleted,
	"UNDELIV": stateUndeliverable, "ACCEPTD": stateAccepted, "UNKNOWN": stateUnknown, "REJECTD": stateRejected,
}

func (s messageState) String() string {
	for name, state := range stateNames {
		if s == state {
			return name
		}
	}
	return fmt.Sprint(byte(s))
}

// failed says that the centre will not deliver it any more.
func (s messageState) failed() bool {
	switch s {
	case stateExpired, stateDeleted, stateUndeliverable, stateRejected:
		return true
	default:
		return false
	}
}

// taken says that the centre has it.
func (s messageState) taken() bool {
	return s == stateEnroute || s == stateDelivered || s == stateAccepted
}
