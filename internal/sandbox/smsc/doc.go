// Package smsc is the far end of SMPP 3.4 for the demo, the bench and the tests: an SMS centre with sessions, accounts, a rate,
// delivery receipts and phones behind it.
//
// Charter: it believes nobody. Units are read by a codec of its own, octet by octet, and what the standard does not allow is
// refused with the status that the standard has for it; a part that no phone could show (too long, letters outside its alphabet, a
// header that does not fit) is refused as well. What was taken is kept in books of its own, in memory, put together from its parts,
// and can be asked what a phone would show. Nothing that comes over a connection ends the process or another session. Kannel
// (package httpsms), and Perl's Net::SMPP where it is installed, have to get along with it; their tests see to that.
//
// It must not be reachable in a production configuration, know a notice, or share code with package notify/channel/sms, so that
// a mistake of one is not believed by the other; the codec of that package's library is not used here for the same reason. It
// listens where it is told, which has to be a loopback address. What a centre does beyond one country's aggregator is not there:
// no outbind, data_sm, submit_multi or scheduled delivery; cancel_sm and replace_sm are refused, since everything is delivered at once.
//
// Entry points: [New], [Centre.Serve], [Config.Conduct] for what happens to a message, [Centre.Counts], [Centre.Messages] and
// [Centre.Shown] for what came of it.
package smsc
