package intake

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
)

// bomb gives a stream of deflate that unpacks to a header and so many times 10 MB of line ends, made without packing all of
// it: a block that ends with a flush may be repeated.
func bomb(t testing.TB, times int) []byte {
	t.Helper()
	flushed := func(content []byte) []byte {
		var b bytes.Buffer
		w, err := flate.NewWriter(&b, flate.BestCompression)
		if err == nil {
			_, err = w.Write(content)
		}
		if err := errors.Join(err, w.Flush()); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	stream := append(flushed([]byte(shortHeader+"\n")), bytes.Repeat(flushed(bytes.Repeat([]byte{'\n'}, 10<<20)), times)...)
	return append(stream, 3, 0) // an empty last block
}

// rawZip packs a stream of deflate under a name with the sizes and flags that are claimed.
func rawZip(t testing.TB, stream []byte, h zip.FileHeader) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	h.Method = zip.Deflate
	h.CompressedSize64 = uint64(len(stream))
	w, err := z.CreateRaw(&h)
	if err == nil {
		_, err = w.Write(stream)
	}
	if err := errors.Join(err, z.Close()); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// gzipFrame puts a stream of deflate into gzip.
func gzipFrame(stream []byte) []byte {
	return append(append([]byte("\x1F\x8B\x08\x00\x00\x00\x00\x00\x00\xFF"), stream...), 0, 0, 0, 0, 0, 0, 0, 0)
}

func TestOpen_refusesArchives(t *testing.T) {
	t.Parallel()
	good := table(goodRows(200), ",")
	zipped, gzipped := zipOf(t, good), gzipOf(t, good)
	noise := make([]byte, 300<<10)
	for i := range noise {
		noise[i] = byte(rand.Uint32())
	}
	many := make([][]byte, 100_000)
	with := func(file []byte, at int, b ...byte) []byte {
		file = bytes.Clone(file)
		copy(file[at:], b)
		return file
	}
	central := bytes.LastIndex(zipped, []byte("PK\x01\x02"))
	for name, c := range map[string]struct {
		file []byte
		code string
	}{
		"zip of nothing":         {zipOf(t), FatalFormat},
		"zip of two":             {zipOf(t, good, good), FatalEntries},
		"zip of 1001":            {zipOf(t, many[:1001]...), FatalEntries},
		"zip of 100 000":         {zipOf(t, many...), FatalEntries},
		"zip of an empty file":   {zipOf(t, nil), FatalEmpty},
		"zip of a zip":           {zipOf(t, zipped), FatalNested},
		"zip of a gzip":          {zipOf(t, gzipped), FatalNested},
		"zip of a workbook":      {zipOf(t, sheetOf(t, goodRows(1))), FatalNested},
		"gzip of a zip":          {gzipOf(t, zipped), FatalNested},
		"gzip of a gzip":         {gzipOf(t, gzipped), FatalNested},
		"zip of UTF-16":          {zipOf(t, []byte("\xFF\xFEs\x00")), FatalFormat},
		"zip of noise":           {zipOf(t, noise), FatalFormat},
		"gzip of nothing":        {gzipOf(t, nil), FatalEmpty},
		"zip with a password":    {rawZip(t, []byte("12345678901234567890"), zip.FileHeader{Name: "a", Flags: 1, UncompressedSize64: 20}), FatalArchive},
		"folder":                 {rawZip(t, nil, zip.FileHeader{Name: "a/"}), FatalEntries},
		"zip by another method":  {with(with(zipped, 8, 14), central+10, 14), FatalArchive},
		"zip without its end":    {zipped[:len(zipped)-30], FatalArchive},
		"zip without a middle":   {append(bytes.Clone(zipped[:300]), zipped[600:]...), FatalArchive},
		"zip with a flipped bit": {with(zipped, 500, zipped[500]^1), FatalArchive},
		"zip and its checksum":   {with(zipped, central+16, 1, 2, 3, 4), FatalArchive},
		"zip, only its magic":    {[]byte("PK\x03\x04"), FatalArchive},
		"gzip cut off":           {gzipped[:len(gzipped)-3], FatalArchive},
		"gzip cut in the data":   {gzipped[:len(gzipped)/2], FatalArchive},
		"gzip, only its magic":   {[]byte("\x1F\x8B"), FatalArchive},
		"gzip and more":          {append(bytes.Clone(gzipped), "more"...), FatalArchive},
		"gzip and its checksum":  {with(gzipped, len(gzipped)-8, 1, 2, 3, 4), FatalArchive},
		"zip that claims 10 GB":  {rawZip(t, bomb(t, 1), zip.FileHeader{Name: "a", UncompressedSize64: 10 << 30}), FatalUnpacked},
		"zip that claims 1 MB":   {rawZip(t, bomb(t, 5), zip.FileHeader{Name: "a", UncompressedSize64: 1 << 20}), FatalArchive},
		"several parts":          {[]byte("PK\x07\x08PK\x03\x04"), FatalFormat},
		"7-Zip":                  {[]byte("7z\xBC\xAF\x27\x1C"), FatalFormat},
	} {
		for _, stream := range []bool{false, true} {
			var r io.Reader = bytes.NewReader(c.file)
			if stream {
				r = &onlyRead{bytes.NewReader(c.file)}
			}
			err := drain(r)
			got, ok := errors.AsType[*FatalError](err)
			if !ok || got.Code != c.code || got.Remedy == "" {
				t.Errorf("%s: %v, want %s", name, err, c.code)
			}
		}
	}
}

func drain(r io.Reader) error {
	rows, err := Open(r, true)
	if err != nil {
		return err
	}
	var row Row
	for err == nil {
		err = rows.Next(&row)
	}
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}

type counted struct {
	r io.Reader
	n int
}

// Read implements io.Reader.
func (c *counted) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += n
	return n, err
}

// A member after another is one file in gzip; the name inside is nobody's business.
func TestOpen_takesGzipInSeveralMembers(t *testing.T) {
	t.Parallel()
	file := table(goodRows(100), ",")
	var b bytes.Buffer
	for _, part := range [][]byte{file[:500], file[500:]} {
		z, err := gzip.NewWriterLevel(&b, gzip.BestSpeed)
		if err != nil {
			t.Fatal(err)
		}
		z.Name = "../../etc/passwd"
		_, err = z.Write(part)
		if err := errors.Join(err, z.Close()); err != nil {
			t.Fatal(err)
		}
	}
	if _, rows, err := read(b.Bytes(), true); err != nil || len(rows) != 100 {
		t.Errorf("%d rows, %v", len(rows), err)
	}
}

// What a bomb costs is bounded by its own size: the ratio ends it, whatever its directory says.
func TestUnpacked_endsABombEarly(t *testing.T) {
	t.Parallel()
	stream := bomb(t, 1024) // 10 GB in 10 MB, the most that deflate can
	for name, file := range map[string][]byte{
		"gzip":      gzipFrame(stream),
		"zip":       rawZip(t, stream, zip.FileHeader{Name: "a", UncompressedSize64: uint64(len(stream)) * 99}),
		"small zip": rawZip(t, bomb(t, 20), zip.FileHeader{Name: "a", UncompressedSize64: ratioFrom}),
	} {
		want := FatalUnpacked
		if name == "small zip" {
			want = FatalArchive // it is longer than it says
		}
		r := &counted{r: bytes.NewReader(file)}
		if got, ok := errors.AsType[*FatalError](drain(r)); !ok || got.Code != want {
			t.Errorf("%s: %v", name, got)
		}
		if name == "gzip" && r.n > 1<<20 {
			t.Errorf("%d bytes were read before the end", r.n)
		}
	}
	stream = bomb(t, 20)
	u := &unpacked{r: flate.NewReader(bytes.NewReader(stream)), packed: func() int64 { return int64(len(stream)) }}
	n, err := io.Copy(io.Discard, u)
	if !errors.Is(err, errUnpacked) || n > int64(len(stream))*maxRatio+ratioFrom {
		t.Errorf("%d bytes came out of %d: %v", n, len(stream), err)
	}
}

func TestUnpacked_endsAtTheLimitOfAllParts(t *testing.T) {
	t.Parallel()
	total := int64(maxUnpacked) - 10
	u := &unpacked{r: strings.NewReader(strings.Repeat("a", 100)), packed: func() int64 { return 100 }, total: &total}
	if _, err := io.ReadAll(u); !errors.Is(err, errUnpacked) {
		t.Error(err)
	}
	m := &meter{n: maxPacked}
	if err := m.add(1, nil); !errors.Is(err, errPacked) {
		t.Error(err)
	}
}

// The directory of a zip may claim anything; no more of it is read than its limit.
func TestReadDirectory_isBounded(t *testing.T) {
	t.Parallel()
	entry := append([]byte("PK\x01\x02"), make([]byte, 42)...)
	file := append([]byte("PK\x03\x04"), bytes.Repeat(entry, 1_000_000)...)
	end := append([]byte("PK\x05\x06"), make([]byte, 18)...)
	binary.LittleEndian.PutUint16(end[8:], 1)
	binary.LittleEndian.PutUint16(end[10:], 1)
	binary.LittleEndian.PutUint32(end[12:], uint32(len(file)-4))
	binary.LittleEndian.PutUint32(end[16:], 4)
	file = append(file, end...)
	if got, ok := errors.AsType[*FatalError](drain(bytes.NewReader(file))); !ok || got.Code != FatalEntries {
		t.Error(got)
	}
}

func TestOpen_errorsOfTheReaderStayErrors(t *testing.T) {
	t.Parallel()
	broken := errors.New("disk gone")
	for name, file := range map[string][]byte{"gzip": gzipOf(t, table(goodRows(5000), ",")), "zip": zipOf(t, table(goodRows(5000), ",")), "xml": xmlOf(goodRows(5000))} {
		err := drain(io.MultiReader(bytes.NewReader(file[:len(file)/2]), &failing{broken}))
		if !errors.Is(err, broken) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

type failing struct{ err error }

func (f *failing) Read([]byte) (int, error) { return 0, f.err }

func FuzzUnpack(f *testing.F) {
	f.Add(gzipOf(f, []byte(shortHeader+"\nc,1,,,,,,,\n")))
	f.Add(zipOf(f, []byte(`{"amount":"5"}`)))
	f.Add(zipOf(f, []byte("<writs><writ/></writs>"), nil))
	f.Add(rawZip(f, bomb(f, 1)[:200], zip.FileHeader{Name: "../a", UncompressedSize64: 1 << 40}))
	f.Fuzz(func(t *testing.T, file []byte) {
		fuzzReader(t, file)
		var row Row
		if rows, err := Open(&onlyRead{bytes.NewReader(file)}, true); err == nil {
			_ = rows.Next(&row)
		}
	})
}

// FuzzPacked packs what the fuzzer invents, so that the parsers behind an archive are reached.
func FuzzPacked(f *testing.F) {
	f.Add([]byte(shortHeader+"\nc,1,,,,,,,\n"), true)
	f.Add([]byte("PK\x03\x04"), false)
	f.Fuzz(func(t *testing.T, file []byte, useZip bool) {
		if useZip {
			fuzzReader(t, zipOf(t, file))
			return
		}
		fuzzReader(t, gzipOf(t, file))
	})
}

// partsOf unpacks a zip.
func partsOf(t testing.TB, file []byte) map[string][]byte {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		t.Fatal(err)
	}
	parts := map[string][]byte{}
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		if parts[f.Name], err = io.ReadAll(r); err != nil {
			t.Fatal(err)
		}
	}
	return parts
}
