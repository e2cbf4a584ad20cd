// Package letter sends notices by post: it puts letters, ready to print, into a folder from which a hybrid-mail provider fetches
// them, and reads from another folder what the post says of them.
//
// It must not speak a network protocol, decide what a letter says or who gets one, follow a symbolic link, or touch anything outside
// its root. It keeps no name and no address but in what the provider is to fetch. Below the root lie:
//
//	out/BATCH/   letters to be fetched: one PDF a letter and register.csv; the provider moves or removes the folder
//	in/          answers of the post: NAME.csv, uploaded under a name that ends in .part or begins with a dot, and then renamed
//	done/        answers that were taken
//	failed/      answers with lines that were not, each beside NAME.errors.csv, which names line, remedy and code; the others were
//	work/ sent/  its own: batches that are being written, and the references of those that are complete
//
// # One letter a notice
//
// A batch comes into being in work/. Its references are then written into sent/BATCH.csv as a whole, by a rename: from that moment
// on its letters are sent, whatever happens, and before it nothing was. Then work/BATCH becomes out/BATCH, by a rename as well,
// which whoever comes by later makes good. So a reference is in one batch at most, and [Gateway.Query] knows for certain.
//
// # The register and the answers
//
// register.csv has a header and one line a letter: id, case_number, language, addressee, address, pages, file, sha256. Answers have
// a header and one line an event: id, tracking_number, status, time. The id is that of the register. A status is accepted,
// delivered, returned, refused or lost; a time is 2026-12-01T15:04:05+05:00, or 2026-12-01 15:04 in Almaty. Delivered is a proof
// of delivery to the address; a letter that came back, was refused or is lost proves nothing. Lines may come twice and in any order.
//
// The entry points are [New], [Gateway.Send] and [Gateway.Run].
package letter
