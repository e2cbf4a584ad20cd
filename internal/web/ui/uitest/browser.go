package uitest

import (
	"bytes"
	"context"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/andybalholm/cascadia"
	"golang.org/x/net/html"
)

// Browser keeps cookies, follows no redirects and reads pages. It has no script, like some of our visitors.
type Browser struct {
	tb     testing.TB
	server *httptest.Server
	client *http.Client
	Lang   string // Accept-Language
}

// Page is an answer.
type Page struct {
	tb     testing.TB
	Status int
	Header http.Header
	Body   string
	root   *html.Node
}

// Open starts a server for a handler and a browser at it.
func Open(tb testing.TB, h http.Handler) *Browser {
	tb.Helper()
	server := httptest.NewServer(h)
	tb.Cleanup(server.Close)
	return Visit(tb, server)
}

// Visit makes another browser at a server.
func Visit(tb testing.TB, server *httptest.Server) *Browser {
	tb.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		tb.Fatal(err)
	}
	client := &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	return &Browser{tb: tb, server: server, client: client}
}

// Stream opens what does not end by itself. The caller closes its body.
func (b *Browser) Stream(ctx context.Context, path string, header map[string]string) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, b.server.URL+path, nil)
	if err != nil {
		return nil, err
	}
	for k, v := range header {
		req.Header.Set(k, v)
	}
	return b.client.Do(req)
}

// Another makes a second browser at the same server.
func (b *Browser) Another() *Browser { return Visit(b.tb, b.server) }

// URL is the address of a path.
func (b *Browser) URL(path string) string { return b.server.URL + path }

// Get opens a page.
func (b *Browser) Get(path string) *Page { return b.Do(http.MethodGet, path, nil, nil) }

// Post sends a form as it is.
func (b *Browser) Post(path string, form url.Values) *Page {
	return b.Do(http.MethodPost, path, form, nil)
}

// Do sends a request with headers of its own.
func (b *Browser) Do(method, path string, form url.Values, header map[string]string) *Page {
	b.tb.Helper()
	kind := ""
	if method == http.MethodPost {
		kind = "application/x-www-form-urlencoded"
	}
	return b.send(method, path, kind, strings.NewReader(form.Encode()), header)
}

func (b *Browser) send(method, path, kind string, body io.Reader, header map[string]string) *Page {
	b.tb.Helper()
	req, err := http.NewRequestWithContext(b.tb.Context(), method, b.server.URL+path, body)
	if err != nil {
		b.tb.Fatal(err)
	}
	if kind != "" {
		req.Header.Set("Content-Type", kind)
	}
	if b.Lang != "" {
		req.Header.Set("Accept-Language", b.Lang)
	}
	for k, v := range header {
		req.Header.Set(k, v)
	}
	res, err := b.client.Do(req)
	if err != nil {
		b.tb.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	answer, err := io.ReadAll(res.Body)
	if err != nil {
		b.tb.Fatal(err)
	}
	root, err := html.Parse(strings.NewReader(string(answer)))
	if err != nil {
		b.tb.Fatal(err)
	}
	return &Page{tb: b.tb, Status: res.StatusCode, Header: res.Header, Body: string(answer), root: root}
}

// PostBody sends a body as it is, as an app would.
func (b *Browser) PostBody(path, kind string, body io.Reader) *Page {
	b.tb.Helper()
	return b.send(http.MethodPost, path, kind, body, nil)
}

// Submit fills in and sends the form of a page with an action, as a person would; nil values keep what is there.
func (b *Browser) Submit(p *Page, action string, fill map[string]string) *Page {
	b.tb.Helper()
	return b.Post(action, b.filled(p, action, fill))
}

// Upload fills in a form that has a file in its field "file", and sends it: the fields first, as they stand on the page.
func (b *Browser) Upload(p *Page, action string, fill map[string]string, fileName string, file []byte) *Page {
	b.tb.Helper()
	var body bytes.Buffer
	parts := multipart.NewWriter(&body)
	for name, values := range b.filled(p, action, fill) {
		for _, v := range values {
			if name == "file" {
				continue
			}
			if err := parts.WriteField(name, v); err != nil {
				b.tb.Fatal(err)
			}
		}
	}
	part, err := parts.CreateFormFile("file", fileName)
	if err == nil {
		_, err = part.Write(file)
	}
	if err == nil {
		err = parts.Close()
	}
	if err != nil {
		b.tb.Fatal(err)
	}
	return b.send(http.MethodPost, action, parts.FormDataContentType(), &body, nil)
}

// filled gives what a form sends.
func (b *Browser) filled(p *Page, action string, fill map[string]string) url.Values {
	b.tb.Helper()
	values := url.Values{}
	inputs := p.All(`form[action="` + action + `"] input`)
	if len(inputs) == 0 {
		b.tb.Fatalf("no form %s on the page:\n%s", action, p.Text())
	}
	for _, in := range inputs {
		if kind := attr(in, "type"); kind == "checkbox" && fill[attr(in, "name")] == "" {
			continue
		}
		values.Set(attr(in, "name"), attr(in, "value"))
	}
	for k, v := range fill {
		values.Set(k, v)
	}
	return values
}

// All finds elements.
func (p *Page) All(selector string) []*html.Node {
	p.tb.Helper()
	s, err := cascadia.Parse(selector)
	if err != nil {
		p.tb.Fatal(err)
	}
	return cascadia.QueryAll(p.root, s)
}

// Has says whether there is such an element.
func (p *Page) Has(selector string) bool { return len(p.All(selector)) > 0 }

// Text is what a reader sees, or what the elements of a selector say, with single spaces.
func (p *Page) Text(selector ...string) string {
	p.tb.Helper()
	nodes := []*html.Node{p.root}
	if len(selector) > 0 {
		nodes = p.All(selector[0])
	}
	var b strings.Builder
	for _, n := range nodes {
		text(n, &b)
	}
	return strings.Join(strings.Fields(b.String()), " ")
}

// Outline is the page as a reader goes through it, a line for each block: # heading, - list entry, | row, [ ] control.
// Elements named in skip are left out.
func (p *Page) Outline(selector string, skip ...string) string {
	p.tb.Helper()
	var b strings.Builder
	for _, n := range p.All(selector) {
		outline(n, &b, skip)
	}
	return b.String()
}

// marks are the blocks of an outline.
var marks = map[string]string{
	"h1": "# ", "h2": "## ", "h3": "### ", "p": "", "li": "- ", "tr": "| ", "summary": "> ", "button": "[ ] ", "caption": "", "dt": "", "dd": "= ", "label": "",
}

func outline(n *html.Node, b *strings.Builder, skip []string) {
	if slices.Contains(skip, n.Data) {
		return
	}
	mark, block := marks[n.Data]
	if n.Type == html.ElementNode && block && !holdsBlock(n) {
		var line strings.Builder
		text(n, &line)
		if words := strings.Join(strings.Fields(line.String()), " "); words != "" {
			b.WriteString(mark + words + "\n")
		}
		return
	}
	for c := range n.ChildNodes() {
		outline(c, b, skip)
	}
}

func holdsBlock(n *html.Node) bool {
	for c := range n.ChildNodes() {
		if _, block := marks[c.Data]; block && c.Type == html.ElementNode || holdsBlock(c) {
			return true
		}
	}
	return false
}

// Attr is an attribute of the first such element.
func (p *Page) Attr(selector, name string) string {
	p.tb.Helper()
	found := p.All(selector)
	if len(found) == 0 {
		return ""
	}
	return attr(found[0], name)
}

func text(n *html.Node, b *strings.Builder) {
	if n.Type == html.TextNode {
		b.WriteString(n.Data)
	}
	if n.Type == html.ElementNode && (n.Data == "style" || n.Data == "title") {
		return
	}
	for c := range n.ChildNodes() {
		text(c, b)
	}
	if n.Type == html.ElementNode {
		b.WriteByte(' ')
	}
}

func attr(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

// Words is what one element says.
func Words(n *html.Node) string {
	var b strings.Builder
	text(n, &b)
	return strings.Join(strings.Fields(b.String()), " ")
}
