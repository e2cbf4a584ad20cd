// Package exhibit says what a file is that a person hands in as proof, by its content and never by its name, and makes it harmless:
// images are decoded within limits and made anew, so that nothing is left of what was hidden in or behind them; a PDF stays as it
// came, since nobody opens it here, and is refused where it can be seen to run something.
//
// It must not read a network, a disk or a database, believe a name or a declared type, or show a PDF.
//
// The entry point is [Take].
package exhibit

import (
	"bytes"
	"errors"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"io"
)

// MaxBytes is the largest file that is taken.
const MaxBytes = 10 << 20

// Kind is what a file is.
type Kind string

// The kinds that are taken.
const (
	PDF  Kind = "pdf"
	JPEG Kind = "jpeg"
	PNG  Kind = "png"
)

// Exhibit is a file as it may be kept.
type Exhibit struct {
	Kind  Kind
	Bytes []byte
}

// Why a file is not taken. The texts are for people and name the remedy.
var (
	ErrEmpty   = errors.New("exhibit: the file is empty")
	ErrLarge   = errors.New("exhibit: the file is larger than 10 MB")
	ErrKind    = errors.New("exhibit: the file is no PDF, JPEG or PNG")
	ErrDamaged = errors.New("exhibit: the file is damaged or cut short")
	ErrPixels  = errors.New("exhibit: the image has too many pixels")
	ErrActive  = errors.New("exhibit: the PDF holds a program or another file")
)

// Limits of images. A photo of a telephone has 12 to 50 million pixels; what is larger is a trap more often than a receipt.
const (
	maxPixels = 52_000_000
	maxSide   = 16_000
	maxMemory = 220 << 20 // of a decoded image
	maxScans  = 64        // of a JPEG: each one costs a walk over the whole image, however few bytes it has
	quality   = 88
)

// atOnce bounds how many images are in memory at the same time.
var atOnce = make(chan struct{}, 2)

// Take looks at the content of a file and gives what may be kept of it.
func Take(content []byte) (Exhibit, error) {
	switch {
	case len(content) == 0:
		return Exhibit{}, ErrEmpty
	case len(content) > MaxBytes:
		return Exhibit{}, ErrLarge
	case bytes.HasPrefix(content, []byte("%PDF-")):
		return takePDF(content)
	case bytes.HasPrefix(content, []byte("\xff\xd8\xff")):
		if scans(content) > maxScans {
			return Exhibit{}, ErrPixels
		}
		return takeImage(content, JPEG, jpeg.DecodeConfig, jpeg.Decode)
	case bytes.HasPrefix(content, []byte("\x89PNG\r\n\x1a\n")):
		return takeImage(content, PNG, png.DecodeConfig, png.Decode)
	}
	return Exhibit{}, ErrKind
}

type (
	configOf = func(io.Reader) (image.Config, error)
	imageOf  = func(io.Reader) (image.Image, error)
)

func takeImage(content []byte, kind Kind, config configOf, decode imageOf) (Exhibit, error) {
	c, err := config(bytes.NewReader(content))
	if err != nil || c.Width < 1 || c.Height < 1 {
		return Exhibit{}, ErrDamaged
	}
	if c.Width > maxSide || c.Height > maxSide || c.Width*c.Height > maxPixels || c.Width*c.Height*bytesOf(c.ColorModel) > maxMemory {
		return Exhibit{}, ErrPixels
	}
	atOnce <- struct{}{}
	defer func() { <-atOnce }()
	img, err := decode(bytes.NewReader(content))
	if err != nil {
		return Exhibit{}, ErrDamaged
	}
	var out bytes.Buffer
	if kind == PNG {
		err = png.Encode(&out, img)
	}
	if kind == JPEG || out.Len() > MaxBytes { // a photo in a PNG grows by being made anew
		out.Reset()
		kind, err = JPEG, jpeg.Encode(&out, img, &jpeg.Options{Quality: quality})
	}
	if err != nil {
		return Exhibit{}, ErrDamaged
	}
	if out.Len() > MaxBytes {
		return Exhibit{}, ErrLarge
	}
	return Exhibit{Kind: kind, Bytes: out.Bytes()}, nil
}

// bytesOf is the room that a pixel takes when it is decoded.
func bytesOf(m color.Model) int {
	switch m {
	case color.NRGBA64Model, color.RGBA64Model:
		return 8
	case color.Gray16Model:
		return 2
	case color.GrayModel:
		return 1
	case color.YCbCrModel:
		return 3
	}
	return 4
}

// scans counts the scans of a JPEG by its markers, without decoding anything, and is as forgiving as the decoder: what is no marker is
// passed over.
func scans(b []byte) (n int) {
	for i := 2; i+4 <= len(b); {
		if b[i] != 0xff {
			i++
			continue
		}
		marker := b[i+1]
		switch {
		case marker == 0xff: // fill
			i++
			continue
		case marker == 0xd9: // end of image
			return n
		case marker <= 0x01 || marker >= 0xd0 && marker <= 0xd8:
			i += 2
			continue
		}
		i += 2 + int(b[i+2])<<8 + int(b[i+3])
		if marker != 0xda {
			continue
		}
		n++
		for i+1 < len(b) && (b[i] != 0xff || b[i+1] == 0 || b[i+1] >= 0xd0 && b[i+1] <= 0xd7) { // data, stuffed bytes and restarts
			i++
		}
	}
	return n
}
