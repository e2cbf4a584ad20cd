package notify

import "slices"

// overtakers gives, for every kind, the kinds that overtake it: a notice that waits is not sent any more once the case has a newer
// one of these, since it would say what is no longer true, or ask for what is no longer wanted. What is true and new to the debtor
// all the same stays: of an arrest he learns also when the case has gone to a bailiff, and money due back is due whatever follows.
// Opening has the ladder instead.
var overtakers = map[Kind][]Kind{
	KindOpening:    nil,
	KindReminder:   news, // says how things stand on its day
	KindPartPaid:   news, // likewise
	KindArrest:     {KindArrest, KindPaid, KindCancelled, KindNotYours},
	KindCorrected:  {KindCorrected, KindPaid, KindCancelled, KindNotYours, KindHandedOver},
	KindProlonged:  {KindProlonged, KindPaid, KindCancelled, KindNotYours, KindHandedOver},
	KindRefusal:    {KindRefusal, KindPaid, KindCancelled, KindNotYours, KindHandedOver},
	KindHandedOver: {KindPaid, KindCancelled, KindNotYours},
	KindPaid:       {KindNotYours},
	KindCancelled:  nil,
	KindNotYours:   nil,
	KindRefundDue:  nil,

	KindObjection:         {KindObjectionAccepted, KindObjectionDeclined},
	KindObjectionAccepted: nil,
	KindObjectionDeclined: nil, // coercion waits until it is proven

	KindNewLink: {KindNotYours, KindNewLink}, // whose link is dead by then
}

// news are the kinds that say how a case stands.
var news = slices.DeleteFunc(slices.Clone(Kinds), func(k Kind) bool { return k == KindNewLink })

// overtakes says that a notice of the older kind is not sent any more once there is one of the newer kind.
func overtakes(newer, older Kind) bool { return slices.Contains(overtakers[older], newer) }

// overtaking is the table as pairs for a query: older, a sign, newer.
var overtaking = pairs()

func pairs() []string {
	var out []string
	for _, older := range Kinds {
		for _, newer := range overtakers[older] {
			out = append(out, string(older)+">"+string(newer))
		}
	}
	return out
}
