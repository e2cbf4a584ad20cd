package proof

import (
	"bytes"
	"crypto"
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"io"
	"time"

	"github.com/beevik/etree"
	dsig "github.com/russellhaering/goxmldsig"
)

// maxXML bounds a document with an XML signature, and maxElements its elements, since it is held in memory as a tree:
// 42 MB with 840 000 elements, which are 40 000 rows, take 0.6 GB and eight seconds. So the caller verifies one large
// document at a time. Larger batches come with a CMS signature.
const (
	maxXML      = 50 << 20
	maxElements = 1_000_000
)

const (
	placeDocument  = "document"
	placeReference = "reference"
)

// VerifyXML verifies the enveloped XML signature of a document and gives back the bytes that were verified: the root
// element in canonical form, without its signature. The caller parses these and forgets the document, since whatever an
// attacker can add to it is not in them.
//
// There is one profile: one signature, directly in the root; one reference, to the root; the transforms
// enveloped-signature and a canonicalisation, without parameters; the signer's certificate inside.
//
// What the canonicalisers do not do as the standard says leads to a refusal, never to a wrong acceptance, since the hash
// is then another: attributes of several foreign namespaces on one element, and line ends inside attributes.
//
// Of goxmldsig only the canonicalisers are used. Its own validation walks at most 1000 elements, takes no chain of
// certificates, and reads ECDSA values in another encoding than the standard's (RFC 4050), so the few steps are here.
//
// Any error that is no *[Error] is one of reading the document.
func VerifyXML(p Policy, at time.Time, doc io.Reader) ([]byte, Signer, error) {
	if p.kind != XMLSig {
		return nil, Signer{}, refuse(CodeKind, "policy of the source")
	}
	tree, comments, err := readTree(doc)
	if err != nil {
		return nil, Signer{}, err
	}
	root := tree.Root()
	element, err := locate(root)
	if err != nil {
		return nil, Signer{}, err
	}
	sig, err := readSignature(element)
	if err != nil {
		return nil, Signer{}, err
	}
	// Cheap and conclusive steps first: nobody whom we do not trust makes us canonicalise 50 MB.
	if err := p.trust(sig.leaf, sig.others, at); err != nil {
		return nil, Signer{}, err
	}
	if err := sig.checkValue(); err != nil {
		return nil, Signer{}, err
	}
	if err := sig.coversRoot(root, comments); err != nil {
		return nil, Signer{}, err
	}
	root.RemoveChild(element)
	verified, err := sig.transform.Canonicalize(root)
	if err != nil {
		return nil, Signer{}, refuse(CodeDocument, placeDocument)
	}
	if subtle.ConstantTimeCompare(sum(sig.hash, verified), sig.digest) != 1 {
		return nil, Signer{}, refuse(CodeMismatch, placeReference)
	}
	signer := signerOf(sig.leaf)
	signer.Content = sha256.Sum256(verified)
	return verified, signer, nil
}

func sum(hash crypto.Hash, text []byte) []byte {
	h := hash.New()
	_, _ = h.Write(text) // a hash never fails
	return h.Sum(nil)
}

// readTree reads a document of bounded size and shape.
func readTree(doc io.Reader) (tree *etree.Document, comments bool, err error) {
	text, err := io.ReadAll(io.LimitReader(doc, maxXML+1))
	if err != nil {
		return nil, false, fmt.Errorf("proof: read the document: %w", err)
	}
	if len(text) > maxXML {
		return nil, false, refuse(CodeDocumentTooBig, placeDocument)
	}
	text = bytes.TrimPrefix(text, []byte("\ufeff"))
	if comments, err = scan(text); err != nil {
		return nil, false, err
	}
	tree = etree.NewDocument()
	tree.ReadSettings.MaxDepth = maxDepth
	if err := tree.ReadFromBytes(text); err != nil || tree.Root() == nil {
		return nil, false, refuse(CodeDocument, placeDocument)
	}
	return tree, comments, nil
}

// locate finds the one signature. Whatever else of its namespace stands in the document is an attempt to confuse.
func locate(root *etree.Element) (*etree.Element, error) {
	var found *etree.Element
	direct := 0
	for el := range root.ChildElementsSeq() {
		if el.Tag == dsig.SignatureTag && el.NamespaceURI() == dsig.Namespace {
			found = el
			direct++
		}
	}
	strange := false
	walk(root, func(el *etree.Element) bool {
		if el == found {
			return false
		}
		strange = strange || el.NamespaceURI() == dsig.Namespace
		return !strange
	})
	switch {
	case strange || direct > 1:
		return nil, refuse(CodeWrapped, "place of the signature")
	case direct == 0:
		return nil, refuse(CodeMissing, placeSignature)
	}
	return found, nil
}

// walk visits an element and, where visit says so, what is in it.
func walk(el *etree.Element, visit func(*etree.Element) bool) {
	if !visit(el) {
		return
	}
	for child := range el.ChildElementsSeq() {
		walk(child, visit)
	}
}

// coversRoot says whether the reference means the root element and nothing else in the document.
func (s *signature) coversRoot(root *etree.Element, comments bool) error {
	if s.withComments && comments { // a reference to the same document leaves comments out, whatever the transform is called
		return refuse(CodeDocument, "comments, which this canonicalisation would keep")
	}
	if s.uri == "" {
		return nil
	}
	owners, isRoot := 0, false
	walk(root, func(el *etree.Element) bool {
		for _, a := range el.Attr {
			if isID(a) && "#"+a.Value == s.uri {
				owners++
				isRoot = isRoot || el == root
			}
		}
		return owners < 2
	})
	if owners != 1 || !isRoot {
		return refuse(CodeWrapped, placeReference)
	}
	return nil
}

// isID takes every attribute for an identifier that some processor would.
func isID(a etree.Attr) bool {
	return (a.Space == "" || a.Space == "xml") && (a.Key == "Id" || a.Key == "ID" || a.Key == "id")
}
