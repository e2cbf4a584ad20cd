package httpsms

import (
	"encoding/hex"
	"fmt"
	"net"
	"slices"
	"sync"
	"testing"

	"github.com/linxGnu/gosmpp"
	"github.com/linxGnu/gosmpp/data"
	"github.com/linxGnu/gosmpp/pdu"
)

// What the last digit of a number means to the centre behind Kannel.
const (
	good    = "+77010000001" // taken and delivered
	nobody  = "+77010000002" // no such number
	away    = "+77010000005" // taken, and cannot be delivered
	late    = "+77010000006" // taken, and its time was over
	buffer  = "+77010000007" // taken, kept for a while, delivered
	forgot  = "+77010000008" // taken, and the centre knows nothing more of it
	halves  = "+77010000009" // of two parts only the first is delivered
	kazakh  = "әғқңөұүһі ӘҒҚҢӨҰҮҺІ: 15 қыркүйекке дейін"
	latin   = "Case 260000017: pay {20155} by 15 September"
	noRoute = "+49301234567" // Kannel has no centre for it
	denied  = "+77017777777" // stands on Kannel's black list
)

// submission is a part as the centre understood it.
type submission struct {
	To, From, Text, Header, Validity string
	TON, Coding                      int
}

// centre is an SMS centre that Kannel binds to.
type centre struct {
	port int

	mu   sync.Mutex
	took []submission
}

// got gives what was submitted for a number, in the order of its parts.
func (c *centre) got(to string) (out []submission) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, s := range c.took {
		if "+"+s.To == to {
			out = append(out, s)
		}
	}
	slices.SortStableFunc(out, func(a, b submission) int { return int(lastByte(a.Header)) - int(lastByte(b.Header)) })
	return out
}

func lastByte(header string) byte {
	raw, err := hex.DecodeString(header)
	if err != nil || len(raw) == 0 {
		return 0
	}
	return raw[len(raw)-1]
}

func newCentre(t *testing.T) *centre {
	t.Helper()
	ln, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	must(t, err)
	c := &centre{port: ln.Addr().(*net.TCPAddr).Port}
	var all sync.WaitGroup
	var mu sync.Mutex
	var open []net.Conn
	all.Go(func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			mu.Lock()
			open = append(open, conn)
			mu.Unlock()
			all.Go(func() { c.serve(gosmpp.NewConnection(conn)) })
		}
	})
	t.Cleanup(func() {
		_ = ln.Close()
		mu.Lock()
		for _, conn := range open {
			_ = conn.Close()
		}
		mu.Unlock()
		all.Wait()
	})
	return c
}

func (c *centre) serve(conn *gosmpp.Connection) {
	defer func() { _ = conn.Close() }()
	for {
		p, err := pdu.Parse(conn)
		if err != nil {
			return
		}
		var answers []pdu.PDU
		if s, ok := p.(*pdu.SubmitSM); ok {
			answers = c.submitted(s)
		} else if p.CanResponse() {
			answers = []pdu.PDU{p.GetResponse()}
		}
		for _, a := range answers {
			if _, err := conn.WritePDU(a); err != nil {
				return
			}
		}
	}
}

func (c *centre) submitted(p *pdu.SubmitSM) []pdu.PDU {
	c.mu.Lock()
	defer c.mu.Unlock()
	header, _ := p.Message.UDH().MarshalBinary()
	words, _ := p.Message.GetMessage()
	c.took = append(c.took, submission{
		To: p.DestAddr.Address(), TON: int(p.DestAddr.Ton()), From: p.SourceAddr.Address(), Text: words, Coding: int(p.Message.Encoding().DataCoding()),
		Header: hex.EncodeToString(header), Validity: p.ValidityPeriod,
	})
	id := fmt.Sprint("c", len(c.took))
	r, _ := p.GetResponse().(*pdu.SubmitSMResp)
	r.MessageID = id
	reports := []string{"DELIVRD err:000"}
	switch what := "+" + p.DestAddr.Address(); {
	case what == nobody:
		r.CommandStatus = data.ESME_RINVDSTADR
		reports = nil
	case what == away:
		reports = []string{"UNDELIV err:034"}
	case what == late:
		reports = []string{"EXPIRED err:001"}
	case what == forgot:
		reports = []string{"UNKNOWN err:000"}
	case what == buffer:
		reports = []string{"ENROUTE err:000", "DELIVRD err:000"}
	case what == halves && lastByte(hex.EncodeToString(header)) == 2:
		reports = []string{"UNDELIV err:034"}
	}
	answers := []pdu.PDU{r}
	for _, report := range reports {
		d, _ := pdu.NewDeliverSM().(*pdu.DeliverSM)
		d.SourceAddr, d.DestAddr, d.EsmClass = p.DestAddr, p.SourceAddr, data.SM_SMSC_DLV_RCPT_TYPE
		_ = d.Message.SetMessageWithEncoding(fmt.Sprintf(
			"id:%s sub:001 dlvrd:001 submit date:2603020915 done date:2603020916 stat:%s text:id:x stat:UNDELIV", id, report), data.GSM7BIT)
		answers = append(answers, d)
	}
	return answers
}
