// Package drop takes court batches from folders that senders fill over SFTP, and puts the answers there.
//
// It must not speak a network protocol, decide about a row, follow a symbolic link, or touch anything outside its root. What
// it knows is in the folders and in the database: killed at any point, the next pass goes on.
//
// One folder per sender, named as the source, lies below the root:
//
//	in/          the sender writes here, and nobody else
//	work/        files whose batch is not at its end yet
//	out/         NAME.ack.json with its detached signature .jws or .p7s, and NAME.report.csv or .xlsx
//	done/        files that were taken in
//	quarantine/  files that were not
//
// A sender uploads under a name that ends in .part, renames it to NAME, and then puts NAME.manifest.json the same way:
//
//	{"sha256": "…", "size": 1234, "rows": 10, "amount_sum": "201550.00"}
//
// A detached signature is "signature" in the manifest, base64, or NAME.p7s, put before the manifest. The rules:
//
//   - Names that end in .part or begin with a dot are an upload that goes on; they are left alone, as is everything that is
//     not a regular file. Other names have at most 120 bytes of letters, digits, spaces and "._-+()", or go to quarantine.
//   - A manifest that is no JSON yet waits until it has not changed for a minute, then it goes to quarantine. A file without a
//     manifest, or a manifest without its file, waits for an hour.
//   - Size and hash must be those of the manifest, or nothing is kept (manifest_mismatch). Rows and sum are compared after the
//     first look, before any case is opened, with the same code.
//   - The same name with the same bytes is the same batch, however often it comes: it is answered again, and opens nothing.
//   - Where people give a row that waited for them its last verdict later, report and acknowledgement come once more, with a revision.
//   - Files move by rename inside the root, so that none is ever half there; answers appear by rename as well.
//
// The entry point is [New].
package drop
