package sandbox

import "io"

const header = "source,document_number,document_date,in_force_date,kind,issuer_bin,issuer_name,debtor_iin,debtor_name,debtor_birth_date," +
	"debtor_phone,debtor_language,region,amount,currency,claimant_bin,claimant_name,iban,kbk,knp,unpaid_confirmed_on,debtor_address\n"

func (r *Row) fields() [22]string {
	return [...]string{
		r.Source, r.DocumentNumber, r.DocumentDate, r.InForceDate, r.Kind, r.IssuerBIN, r.IssuerName,
		r.DebtorIIN, r.DebtorName, r.DebtorBirthDate, r.DebtorPhone, r.DebtorLanguage, r.Region, r.Amount, r.Currency,
		r.ClaimantBIN, r.ClaimantName, r.IBAN, r.KBK, r.KNP, r.UnpaidConfirmedOn, r.DebtorAddress,
	}
}

// appendCSV writes a row. No field of ours needs quotes.
func (r *Row) appendCSV(b []byte) []byte {
	for i, f := range r.fields() {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, f...)
	}
	return append(b, '\n')
}

// Feed streams a court batch as CSV.
func Feed(seed uint64, n int, o FeedOptions) (io.Reader, error) {
	c, err := NewCourt(seed, n, o)
	if err != nil {
		return nil, err
	}
	return c.Reader(), nil
}

// Reader streams the batch as CSV: UTF-8, commas, a header.
func (c *Court) Reader() io.Reader { return &reader{court: c, rest: []byte(header)} }

type reader struct {
	court *Court
	next  int
	buf   []byte
	rest  []byte
}

// Read implements io.Reader.
func (r *reader) Read(p []byte) (int, error) {
	if len(r.rest) == 0 {
		r.fill()
	}
	if len(r.rest) == 0 {
		return 0, io.EOF
	}
	n := copy(p, r.rest)
	r.rest = r.rest[n:]
	return n, nil
}

func (r *reader) fill() {
	const enough = 64 << 10
	b := r.buf[:0]
	for ; r.next < r.court.n && len(b) < enough; r.next++ {
		row := r.court.Row(r.next)
		b = row.appendCSV(b)
	}
	r.buf, r.rest = b, b
}

// WriteCSV writes the whole batch.
func (c *Court) WriteCSV(w io.Writer) error {
	_, err := io.Copy(w, c.Reader())
	return err
}
