package pades

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"strconv"
)

// errForm says that a PDF is not as ours are: one cross-reference table, and dictionaries that are written plainly.
var errForm = errors.New("pades: the PDF is not of the form that is signed here")

var (
	startLine = regexp.MustCompile(`startxref\n([0-9]{1,10})\n%%EOF\n?$`)
	sizeEntry = regexp.MustCompile(`/Size ([0-9]{1,10})\n`)
	rootEntry = regexp.MustCompile(`/Root ([0-9]{1,10}) 0 R\n`)
	infoEntry = regexp.MustCompile(`/Info [0-9]{1,10} 0 R\n`)
	firstPage = regexp.MustCompile(`/Kids \[([0-9]{1,10}) 0 R`)
	pagesRef  = regexp.MustCompile(`/Pages ([0-9]{1,10}) 0 R`)
)

// document is a PDF of ours, with what a change at its end has to know.
type document struct {
	body       []byte
	start      int // of the cross-reference table
	size       int // number of objects
	root, page int // numbers of the catalog and of the first page
	info       string
}

func read(pdf []byte) (document, error) {
	d := document{body: pdf}
	m := startLine.FindSubmatch(pdf)
	if m == nil {
		return d, errForm
	}
	if d.start = number(m[1]); d.start >= len(pdf) || !bytes.HasPrefix(pdf[d.start:], []byte("xref\n0 ")) {
		return d, errForm
	}
	_, trailer, _ := bytes.Cut(pdf[d.start:], []byte("trailer\n"))
	size, root, info := sizeEntry.FindSubmatch(trailer), rootEntry.FindSubmatch(trailer), infoEntry.Find(trailer)
	if size == nil || root == nil || info == nil {
		return d, errForm
	}
	d.size, d.root, d.info = number(size[1]), number(root[1]), string(info)
	catalog, err := d.object(d.root)
	if err != nil {
		return d, err
	}
	pages := pagesRef.FindSubmatch(catalog)
	if pages == nil || bytes.Contains(catalog, []byte("/AcroForm")) {
		return d, errForm
	}
	tree, err := d.object(number(pages[1]))
	if err != nil {
		return d, err
	}
	kid := firstPage.FindSubmatch(tree)
	if kid == nil {
		return d, errForm
	}
	d.page = number(kid[1])
	return d, nil
}

// number reads digits that a pattern has bounded.
func number(digits []byte) int {
	n, _ := strconv.Atoi(string(digits)) // ten digits at most
	return n
}

// object gives the dictionary of an object, from the first << to the last >>.
func (d *document) object(n int) ([]byte, error) {
	const line = 20
	at := d.start + len(fmt.Sprintf("xref\n0 %d\n", d.size)) + n*line
	if n <= 0 || n >= d.size || at+line > len(d.body) {
		return nil, errForm
	}
	from := number(d.body[at : at+10])
	head := fmt.Sprintf("%d 0 obj\n", n)
	if from >= d.start || !bytes.HasPrefix(d.body[from:], []byte(head)) {
		return nil, errForm
	}
	text, _, found := bytes.Cut(d.body[from+len(head):d.start], []byte("endobj"))
	text = bytes.TrimSpace(text)
	if !found || !bytes.HasPrefix(text, []byte("<<")) || !bytes.HasSuffix(text, []byte(">>")) {
		return nil, errForm
	}
	return text, nil
}

// with adds entries to a dictionary.
func with(dictionary []byte, entries string) string {
	return string(bytes.TrimSuffix(dictionary, []byte(">>"))) + entries + ">>"
}

// update is what is written behind a PDF: changed and new objects, their cross-references, and the way back to those of before.
type update struct {
	out     bytes.Buffer
	offsets map[int]int
}

func (u *update) put(n int, dictionary string) {
	u.offsets[n] = u.out.Len()
	fmt.Fprintf(&u.out, "%d 0 obj\n%s\nendobj\n", n, dictionary)
}

func (u *update) end(d *document, objects []int) {
	at := u.out.Len()
	u.out.WriteString("xref\n")
	for _, n := range objects {
		fmt.Fprintf(&u.out, "%d 1\n%010d 00000 n \n", n, u.offsets[n])
	}
	fmt.Fprintf(&u.out, "trailer\n<<\n/Size %d\n/Root %d 0 R\n%s/Prev %d\n>>\nstartxref\n%d\n%%%%EOF\n", d.size+2, d.root, d.info, d.start, at)
}
