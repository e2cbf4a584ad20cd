package exhibit

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"strings"
	"testing"
)

func picture(w, h int) image.Image {
	m := image.NewRGBA(image.Rect(0, 0, w, h))
	for x := range w {
		for y := range h {
			m.Set(x, y, color.RGBA{uint8(x * 7), uint8(y * 5), uint8(x ^ y), 255})
		}
	}
	return m
}

func aJPEG(t testing.TB) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := jpeg.Encode(&b, picture(40, 30), nil); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func aPNG(t testing.TB) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, picture(40, 30)); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// aPDF is one with a stream that is packed.
func aPDF(stream string) []byte {
	var z bytes.Buffer
	w := zlib.NewWriter(&z)
	_, _ = w.Write([]byte(stream))
	_ = w.Close()
	return []byte(fmt.Sprintf("%%PDF-1.5\n1 0 obj\n<</Type/Catalog/Pages 2 0 R>>\nendobj\n3 0 obj\n<</Filter/FlateDecode/Length %d>>\nstream\n%s\nendstream\nendobj\nstartxref\n9\n%%%%EOF\n", z.Len(), z.String()))
}

// chunk is one of a PNG.
func chunk(kind string, data []byte) []byte {
	b := binary.BigEndian.AppendUint32(nil, uint32(len(data)))
	b = append(append(b, kind...), data...)
	return binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(b[4:]))
}

// bigPNG says of itself that it has so many pixels, and has none.
func bigPNG(w, h uint32) []byte {
	head := binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, w), h)
	return append([]byte("\x89PNG\r\n\x1a\n"), append(chunk("IHDR", append(head, 8, 2, 0, 0, 0)), chunk("IEND", nil)...)...)
}

// manyScans is a progressive JPEG whose scans are tiny and whose image is not.
func manyScans(t testing.TB, n int) []byte {
	t.Helper()
	b := aJPEG(t)
	at := bytes.Index(b, []byte{0xff, 0xda})
	scan := b[at : len(b)-2]
	out := bytes.Clone(b[:at])
	for range n {
		out = append(out, scan...)
	}
	return append(out, 0xff, 0xd9)
}

func TestTake(t *testing.T) {
	t.Parallel()
	hidden := []byte("<script>alert(1)</script>PK\x03\x04%PDF-1.4")
	exif := append([]byte{0xff, 0xe1, 0, byte(2 + len("Exif\x00\x00GPS 43.2N 76.9E"))}, "Exif\x00\x00GPS 43.2N 76.9E"...)
	jpg, img, doc := aJPEG(t), aPNG(t), aPDF("BT (ok) Tj ET")
	escaped := strings.Replace(string(doc), "/Type/Catalog", "/Type/Catalog/OpenAction<</S/J#61vaScript/J#53 (app.alert)>>", 1)
	for name, c := range map[string]struct {
		in   []byte
		kind Kind
		err  error
	}{
		"a photo":                         {jpg, JPEG, nil},
		"a screenshot":                    {img, PNG, nil},
		"a document":                      {doc, PDF, nil},
		"a photo with its place":          {append(append(bytes.Clone(jpg[:2]), exif...), jpg[2:]...), JPEG, nil},
		"a photo with a page behind it":   {append(bytes.Clone(jpg), hidden...), JPEG, nil},
		"a screenshot with a note in it":  {append(append(bytes.Clone(img[:33]), chunk("tEXt", append([]byte("Comment\x00"), hidden...))...), img[33:]...), PNG, nil},
		"a screenshot with a page behind": {append(bytes.Clone(img), hidden...), PNG, nil},
		"nothing":                         {nil, "", ErrEmpty},
		"too much":                        {make([]byte, MaxBytes+1), "", ErrLarge},
		"a page":                          {[]byte("<html><script>alert(1)</script>"), "", ErrKind},
		"a program":                       {[]byte("MZ\x90\x00"), "", ErrKind},
		"a picture of lines":              {[]byte("<svg xmlns='http://www.w3.org/2000/svg'/>"), "", ErrKind},
		"a GIF":                           {[]byte("GIF89a"), "", ErrKind},
		"a document behind a page":        {append([]byte("<html>"), doc...), "", ErrKind},
		"a page behind a document":        {append(bytes.Clone(doc), "<html>"...), "", ErrDamaged},
		"a beginning of a photo":          {jpg[:len(jpg)/2], "", ErrDamaged},
		"a beginning of a screenshot":     {img[:len(img)/2], "", ErrDamaged},
		"a beginning of a document":       {doc[:len(doc)/2], "", ErrDamaged},
		"a photo by its first bytes":      {[]byte("\xff\xd8\xff\xe0 alert(1)"), "", ErrDamaged},
		"a bomb of pixels":                {bigPNG(60000, 60000), "", ErrPixels},
		"a bomb of one line":              {bigPNG(2_000_000, 1), "", ErrPixels},
		"a bomb of scans":                 {manyScans(t, maxScans+1), "", ErrPixels},
		"a bomb of scans with dirt":       {bytes.Replace(manyScans(t, maxScans+1), []byte{0xff, 0xc0}, []byte{1, 2, 3, 0xff, 0, 0xff, 0xc0}, 1), "", ErrPixels},
		"a document that runs":            {aPDF("<</S/JavaScript/JS (app.alert(1))>>"), "", ErrActive},
		"one that runs, in plain":         {bytes.Replace(doc, []byte("/Type"), []byte("/Names<</JavaScript 4 0 R>>/Type"), 1), "", ErrActive},
		"one that runs, in numbers":       {[]byte(escaped), "", ErrActive},
		"one that starts a program":       {aPDF("<</S/Launch/F(cmd.exe)>>"), "", ErrActive},
		"one that carries a file":         {aPDF("<</EmbeddedFiles 7 0 R>>"), "", ErrActive},
		"one that unpacks for ever":       {aPDF(strings.Repeat("0", maxStream+1)), "", ErrPixels},
		"one with a word alike":           {aPDF("<</JSomething 1/Launching 2>>"), PDF, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := Take(c.in)
			if !errors.Is(err, c.err) || got.Kind != c.kind {
				t.Fatalf("%s, %v; want %s, %v", got.Kind, err, c.kind, c.err)
			}
			if bytes.Contains(got.Bytes, []byte("script>")) || bytes.Contains(got.Bytes, []byte("GPS")) || bytes.Contains(got.Bytes, []byte("PK\x03\x04")) {
				t.Error("something hidden is still there")
			}
			if err == nil && c.kind != PDF {
				if m, _, err := image.Decode(bytes.NewReader(got.Bytes)); err != nil || m.Bounds().Dx() != 40 || m.Bounds().Dy() != 30 {
					t.Errorf("what is kept is no such image: %v", err)
				}
			}
		})
	}
}

// Whatever comes, what is taken is of a kind that its own content shows, within the bounds, and taking it again keeps its kind.
func FuzzTake(f *testing.F) {
	f.Add(aJPEG(f))
	f.Add(aPNG(f))
	f.Add(aPDF("BT (ok) Tj ET"))
	f.Add(manyScans(f, 3))
	f.Add(bigPNG(60000, 60000))
	f.Add([]byte("%PDF-1.4 stream\nx startxref %%EOF"))
	f.Add([]byte("\xff\xd8\xff\xda"))
	f.Fuzz(func(t *testing.T, b []byte) {
		got, err := Take(b)
		if err != nil {
			if got.Bytes != nil {
				t.Fatal("refused, and kept")
			}
			return
		}
		if len(got.Bytes) == 0 || len(got.Bytes) > MaxBytes {
			t.Fatalf("%d bytes are kept", len(got.Bytes))
		}
		again, err := Take(got.Bytes)
		if err != nil || again.Kind != got.Kind {
			t.Fatalf("%s, taken again %s, %v", got.Kind, again.Kind, err)
		}
	})
}
