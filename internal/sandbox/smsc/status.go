package smsc

// Status is the command status of an answer (SMPP 3.4, 5.1.3).
type Status uint32

// The command statuses that the centre gives, or a conduct may want.
const (
	OK                   Status = 0x00 // ESME_ROK
	InvalidMessageLength Status = 0x01 // ESME_RINVMSGLEN
	InvalidCommandLength Status = 0x02 // ESME_RINVCMDLEN
	InvalidCommand       Status = 0x03 // ESME_RINVCMDID
	InvalidBindState     Status = 0x04 // ESME_RINVBNDSTS
	AlreadyBound         Status = 0x05 // ESME_RALYBND
	SystemError          Status = 0x08 // ESME_RSYSERR
	InvalidSource        Status = 0x0A // ESME_RINVSRCADR
	InvalidDestination   Status = 0x0B // ESME_RINVDSTADR
	BindFailed           Status = 0x0D // ESME_RBINDFAIL
	InvalidPassword      Status = 0x0E // ESME_RINVPASWD
	InvalidSystemID      Status = 0x0F // ESME_RINVSYSID
	CancelFailed         Status = 0x11 // ESME_RCANCELFAIL
	ReplaceFailed        Status = 0x13 // ESME_RREPLACEFAIL
	QueueFull            Status = 0x14 // ESME_RMSGQFUL
	InvalidServiceType   Status = 0x15 // ESME_RINVSERTYP
	InvalidESMClass      Status = 0x43 // ESME_RINVESMCLASS
	SubmitFailed         Status = 0x45 // ESME_RSUBMITFAIL
	InvalidSourceTON     Status = 0x48 // ESME_RINVSRCTON
	InvalidDestTON       Status = 0x50 // ESME_RINVDSTTON
	Throttled            Status = 0x58 // ESME_RTHROTTLED
	InvalidSchedule      Status = 0x61 // ESME_RINVSCHED
	InvalidExpiry        Status = 0x62 // ESME_RINVEXPIRY
	TemporaryAppError    Status = 0x64 // ESME_RX_T_APPN
	PermanentAppError    Status = 0x65 // ESME_RX_P_APPN
	RejectedByApp        Status = 0x66 // ESME_RX_R_APPN
	QueryFailed          Status = 0x67 // ESME_RQUERYFAIL
	InvalidParameter     Status = 0xC2 // ESME_RINVPARLEN
)

// State is the state of a message (SMPP 3.4, 5.2.28).
type State byte

// The states of a message.
const (
	EnRoute       State = 1
	Delivered     State = 2
	Expired       State = 3
	Deleted       State = 4
	Undeliverable State = 5
	Accepted      State = 6
	Unknown       State = 7
	Rejected      State = 8
)

// stateNames are the abbreviations of appendix B.
var stateNames = [...]string{"", "ENROUTE", "DELIVRD", "EXPIRED", "DELETED", "UNDELIV", "ACCEPTD", "UNKNOWN", "REJECTD"}

// String gives the abbreviation that a receipt has for the state.
func (s State) String() string {
	if int(s) < len(stateNames) {
		return stateNames[s]
	}
	return ""
}

// intermediate says that another state follows.
func (s State) intermediate() bool { return s == EnRoute || s == Accepted }
