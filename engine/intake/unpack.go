package intake

import (
	"archive/zip"
	"bufio"
	"bytes"
	"compress/flate"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
)

// Limits of archives and workbooks. A batch of 1 000 000 rows must pass: it is 0.3 GB as CSV, 0.8 GB as XML and 1 to 2 GB as
// the parts of a workbook, and packs 5 to 30 times smaller.
const (
	maxPacked    = 512 << 20 // bytes of an archive or a workbook
	maxUnpacked  = 4 << 30   // bytes that come out of it
	maxRatio     = 100       // of the two; data of ours stays below 25, and deflate ends at 1032
	ratioFrom    = 1 << 20   // unpacked bytes before the ratio is asked, for small files of much the same rows
	maxParts     = 1000      // parts of a workbook; more than 20 are rare
	maxDirectory = 1 << 20   // bytes of a zip's directory that are read at all, so that 100 000 entries cost nothing
)

var (
	gzipMagic = []byte("\x1F\x8B")
	zipMagic  = []byte("PK\x03\x04")
)

func looksLikeGzip(head []byte) bool { return bytes.HasPrefix(head, gzipMagic) }

func looksLikeZip(head []byte) bool { return bytes.HasPrefix(head, zipMagic) }

var errNested = &FatalError{Code: FatalNested, Remedy: "an archive holds one CSV, JSON Lines or XML file: send a workbook, or what the inner archive holds, as it is"}

// packedRows are the rows of a file in an archive.
type packedRows struct {
	RowReader
	kind string
	temp *os.File
}

// Format implements RowReader.
func (p *packedRows) Format() string { return p.kind + p.RowReader.Format() }

// Next implements RowReader.
func (p *packedRows) Next(row *Row) error {
	err := p.RowReader.Next(row)
	if err != nil {
		drop(p.temp)
	}
	return err
}

// drop closes a temporary file, which is all that is left of it. Its reader was read to the end or to an error; one that is
// given up halfway leaves that to the garbage collector.
func drop(temp *os.File) {
	if temp != nil {
		_ = temp.Close()
	}
}

func openGzip(in *input) (RowReader, error) {
	if in.packed {
		return nil, errNested
	}
	m := &meter{r: in.r}
	z, err := gzip.NewReader(m)
	if err != nil {
		return nil, unpackError(err)
	}
	return openPacked("gzip;", &unpacked{r: z, packed: m.count}, in.sourceKnown, nil)
}

func openPacked(kind string, r io.Reader, sourceKnown bool, temp *os.File) (RowReader, error) {
	rows, err := openInput(r, &input{packed: true, sourceKnown: sourceKnown})
	if err != nil {
		drop(temp)
		return nil, err
	}
	return &packedRows{rows, kind, temp}, nil
}

// openZip tells a workbook from an archive by its parts. Names in the archive are looked at and never become names of files.
func openZip(in *input) (RowReader, error) {
	if in.packed {
		return nil, errNested
	}
	file, temp := in.file, (*os.File)(nil)
	if file == nil {
		var err error
		if temp, err = unnamed(); err != nil {
			return nil, err
		}
		n, err := copyPacked(temp, in.r)
		if err != nil {
			drop(temp)
			return nil, err
		}
		file = io.NewSectionReader(temp, 0, n)
	}
	rows, err := openZipFile(file, in.sourceKnown, temp)
	if err != nil {
		drop(temp)
		return nil, err
	}
	return rows, nil
}

func openZipFile(file *io.SectionReader, sourceKnown bool, temp *os.File) (RowReader, error) {
	z, err := readDirectory(file)
	if err != nil {
		return nil, err
	}
	if isWorkbook(z) {
		return openXLSX(&packedParts{zip: z, size: file.Size()}, sourceKnown, temp)
	}
	if len(z.File) != 1 {
		return nil, &FatalError{Code: FatalEntries, Remedy: "pack exactly one file, without folders; this archive has " + strconv.Itoa(len(z.File))}
	}
	f := z.File[0]
	if !f.Mode().IsRegular() {
		return nil, &FatalError{Code: FatalEntries, Remedy: "pack exactly one file, without folders"}
	}
	parts := &packedParts{zip: z, size: file.Size()}
	r, err := parts.open(f)
	if err != nil {
		return nil, err
	}
	return openPacked("zip;", r, sourceKnown, temp)
}

// copyPacked copies an archive up to its limit.
func copyPacked(to io.Writer, from io.Reader) (int64, error) {
	n, err := io.Copy(to, io.LimitReader(from, maxPacked+1))
	switch {
	case err != nil:
		return n, fmt.Errorf("intake: keep the file: %w", err)
	case n > maxPacked:
		return n, errPacked
	}
	return n, nil
}

var errPacked = &FatalError{Code: FatalSize, Remedy: "an archive or a workbook has at most " + strconv.Itoa(maxPacked>>20) + " MB: split the batch"}

// readDirectory reads the directory of a zip and no more of it than its limit.
func readDirectory(file *io.SectionReader) (*zip.Reader, error) {
	if file.Size() > maxPacked {
		return nil, errPacked
	}
	d := &directory{r: file, left: maxDirectory}
	z, err := zip.NewReader(d, file.Size())
	switch {
	case errors.Is(err, errDirectory) || err == nil && len(z.File) > maxParts:
		return nil, &FatalError{Code: FatalEntries, Remedy: "pack exactly one file, without folders; this archive has more than " + strconv.Itoa(maxParts)}
	case err != nil && !errors.Is(err, zip.ErrInsecurePath): // names are not used
		return nil, unpackError(err)
	}
	d.read = true
	return z, nil
}

// directory limits what is read before the entries are known.
type directory struct {
	r    io.ReaderAt
	left int
	read bool
}

var errDirectory = errors.New("intake: directory too long")

// ReadAt implements io.ReaderAt.
func (d *directory) ReadAt(p []byte, at int64) (int, error) {
	if !d.read {
		if d.left -= len(p); d.left < 0 {
			return 0, errDirectory
		}
	}
	return d.r.ReadAt(p, at)
}

// packedParts opens the entries of a zip and adds up what comes out of them.
type packedParts struct {
	zip  *zip.Reader
	size int64
	out  int64
}

// open begins an entry and counts what is unpacked of it. What the directory says of its size is believed where it forbids,
// not where it allows.
func (p *packedParts) open(f *zip.File) (io.Reader, error) {
	switch {
	case f.Flags&1 != 0:
		return nil, &FatalError{Code: FatalArchive, Remedy: "the archive has a password: pack the file without one"}
	case f.CompressedSize64 > uint64(p.size):
		return nil, unpackError(zip.ErrFormat)
	case f.UncompressedSize64 > maxUnpacked, f.UncompressedSize64 > ratioFrom && f.UncompressedSize64/maxRatio > f.CompressedSize64:
		return nil, errUnpacked
	}
	m := &meter{}
	p.zip.RegisterDecompressor(zip.Deflate, func(r io.Reader) io.ReadCloser {
		m.r = bufio.NewReader(r)
		return flate.NewReader(m)
	})
	p.zip.RegisterDecompressor(zip.Store, func(r io.Reader) io.ReadCloser {
		m.r = bufio.NewReader(r)
		return io.NopCloser(m)
	})
	r, err := f.Open()
	if err != nil {
		return nil, unpackError(err)
	}
	return &unpacked{r: r, packed: m.count, total: &p.out}, nil
}

var errUnpacked = &FatalError{Code: FatalUnpacked, Remedy: "a file unpacks to at most " + strconv.Itoa(maxUnpacked>>30) + " GB and " + strconv.Itoa(maxRatio) +
	" times its packed size: send it unpacked, or in parts"}

// unpacked is what comes out of an archive, byte by byte up to the limits.
type unpacked struct {
	r      io.Reader
	packed func() int64 // bytes that went in so far
	n      int64
	total  *int64 // of all parts of the archive; nil when there is one
}

// Read implements io.Reader.
func (u *unpacked) Read(p []byte) (int, error) {
	n, err := u.r.Read(p)
	u.n += int64(n)
	all := u.n
	if u.total != nil {
		*u.total += int64(n)
		all = *u.total
	}
	switch {
	case all > maxUnpacked, u.n > ratioFrom && u.n/maxRatio > u.packed():
		return 0, errUnpacked
	case err != nil && !errors.Is(err, io.EOF):
		return n, unpackError(err)
	}
	return n, err
}

// unpackError tells damage of an archive from trouble of the reader underneath.
func unpackError(err error) error {
	var corrupt flate.CorruptInputError
	switch {
	case errors.Is(err, zip.ErrAlgorithm):
		return &FatalError{Code: FatalArchive, Remedy: "the archive is packed in an unusual way: use plain zip or gzip"}
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF), errors.Is(err, gzip.ErrHeader), errors.Is(err, gzip.ErrChecksum),
		errors.Is(err, zip.ErrFormat), errors.Is(err, zip.ErrChecksum), errors.As(err, &corrupt):
		return &FatalError{Code: FatalArchive, Remedy: "the archive is damaged or cut off: pack and send it again"}
	}
	return err
}

// meter counts what is read through it. It reads single bytes too, so that nothing reads ahead of it.
type meter struct {
	r *bufio.Reader
	n int64
}

func (m *meter) count() int64 { return m.n }

// Read implements io.Reader.
func (m *meter) Read(p []byte) (int, error) {
	n, err := m.r.Read(p)
	return n, m.add(n, err)
}

// ReadByte implements io.ByteReader.
func (m *meter) ReadByte() (byte, error) {
	c, err := m.r.ReadByte()
	if err != nil {
		return c, err
	}
	return c, m.add(1, nil)
}

func (m *meter) add(n int, err error) error {
	if m.n += int64(n); m.n > maxPacked {
		return errPacked
	}
	return err
}
