package sms

import (
	"bufio"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/linxGnu/gosmpp"
	"github.com/linxGnu/gosmpp/data"
	"github.com/linxGnu/gosmpp/pdu"
)

// What the last digit of a number means to both centres.
const (
	good   = "+77010000001" // taken and delivered
	nobody = "+77010000002" // no such number
	busy   = "+77010000003" // once "too many", then as good
	lost   = "+77010000004" // taken, and the answer is lost
	away   = "+77010000005" // taken, and cannot be delivered
	ill    = "+77010000006" // the centre has a fault
	kazakh = "әғқңөұүһі ӘҒҚҢӨҰҮҺІ: 15 қыркүйекке дейін"
	latin  = "Case 260000017: pay by 15 September"
)

// submission is a part as a centre understood it.
type submission struct {
	ID, To, From, Text, Header, Validity string
	TON, Coding, Receipt                 int
	Port                                 int // of the first line only
}

// centre is an SMS centre of a test.
type centre struct {
	address string

	mu   sync.Mutex
	took []submission
}

func (c *centre) add(s submission) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.took = append(c.took, s)
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

// centres are the peers: our own, which is always there, and the npm package "smpp", which is not ours, where the pipeline has
// installed it.
func centres(t *testing.T, f func(t *testing.T, c *centre)) {
	t.Run("own", func(t *testing.T) { f(t, ownCentre(t)) })
	t.Run("npm", func(t *testing.T) { f(t, npmCentre(t)) })
}

func npmCentre(t *testing.T) *centre {
	t.Helper()
	modules := os.Getenv("BAILIFF_TEST_NODE_MODULES")
	if modules == "" {
		t.Skip("needs the npm package smpp: make contract installs it and sets BAILIFF_TEST_NODE_MODULES")
	}
	cmd := exec.CommandContext(t.Context(), "node", "testdata/centre.cjs")
	cmd.Stderr = t.Output()
	out, err := cmd.StdoutPipe()
	must(t, err)
	must(t, cmd.Start())
	c := &centre{}
	port := make(chan int, 1)
	var reading sync.WaitGroup
	reading.Go(func() {
		for lines := bufio.NewScanner(out); lines.Scan(); {
			var s submission
			if err := json.Unmarshal(lines.Bytes(), &s); err != nil {
				t.Errorf("%v: %s", err, lines.Text())
			} else if s.Port != 0 {
				port <- s.Port
			} else {
				c.add(s)
			}
		}
		close(port)
	})
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		reading.Wait()
		_ = cmd.Wait()
	})
	p, ok := <-port
	if !ok {
		t.Fatal("the centre did not start")
	}
	c.address = net.JoinHostPort("127.0.0.1", strconv.Itoa(p))
	return c
}

// ownCentre is one of our own making.
func ownCentre(t *testing.T) *centre {
	t.Helper()
	ln, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	must(t, err)
	c := &centre{address: ln.Addr().String()}
	var all sync.WaitGroup
	var mu sync.Mutex
	open := map[net.Conn]bool{}
	s := &sessions{centre: c, throttled: map[string]bool{}}
	all.Go(func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			mu.Lock()
			open[conn] = true
			mu.Unlock()
			all.Go(func() { s.serve(gosmpp.NewConnection(conn)) })
		}
	})
	t.Cleanup(func() {
		_ = ln.Close()
		mu.Lock()
		for conn := range open {
			_ = conn.Close()
		}
		mu.Unlock()
		all.Wait()
	})
	return c
}

type sessions struct {
	*centre

	once      sync.Mutex
	next      int
	throttled map[string]bool
}

func (s *sessions) serve(conn *gosmpp.Connection) {
	defer func() { _ = conn.Close() }()
	for {
		p, err := pdu.Parse(conn)
		if err != nil {
			return
		}
		var answers []pdu.PDU
		switch p := p.(type) {
		case *pdu.BindRequest:
			r, ok := p.GetResponse().(*pdu.BindResp)
			if ok && p.Password != "secret" {
				r.CommandStatus = data.ESME_RINVPASWD
			}
			answers = []pdu.PDU{r}
		case *pdu.SubmitSM:
			answers = s.submitted(p)
		case *pdu.QuerySM:
			r, ok := p.GetResponse().(*pdu.QuerySMResp)
			if ok {
				r.MessageID, r.MessageState = p.MessageID, byte(stateDelivered)
			}
			answers = []pdu.PDU{r}
		default:
			if p.CanResponse() {
				answers = []pdu.PDU{p.GetResponse()}
			}
		}
		for _, a := range answers {
			if _, err := conn.WritePDU(a); err != nil {
				return
			}
		}
	}
}

func (s *sessions) submitted(p *pdu.SubmitSM) []pdu.PDU {
	s.once.Lock()
	defer s.once.Unlock()
	s.next++
	id := fmt.Sprint("o", s.next)
	to := p.DestAddr.Address()
	header, _ := p.Message.UDH().MarshalBinary()
	words, _ := p.Message.GetMessage()
	s.add(submission{
		ID: id, To: to, TON: int(p.DestAddr.Ton()), From: p.SourceAddr.Address(), Text: words, Coding: int(p.Message.Encoding().DataCoding()),
		Header: hex.EncodeToString(header), Validity: p.ValidityPeriod, Receipt: int(p.RegisteredDelivery),
	})
	r, ok := p.GetResponse().(*pdu.SubmitSMResp)
	if !ok {
		return nil
	}
	stat, code := "DELIVRD", "000"
	switch what := "+" + to; {
	case what == nobody:
		r.CommandStatus = data.ESME_RINVDSTADR
		return []pdu.PDU{r}
	case what == ill:
		r.CommandStatus = data.ESME_RSYSERR
		return []pdu.PDU{r}
	case what == busy && !s.throttled[to]:
		s.throttled[to] = true
		r.CommandStatus = data.ESME_RTHROTTLED
		return []pdu.PDU{r}
	case what == lost:
		return nil
	case what == away:
		stat, code = "UNDELIV", "034"
	}
	r.MessageID = id
	d, ok := pdu.NewDeliverSM().(*pdu.DeliverSM)
	if !ok {
		return nil
	}
	d.SourceAddr, d.DestAddr, d.EsmClass = p.DestAddr, p.SourceAddr, data.SM_SMSC_DLV_RCPT_TYPE
	_ = d.Message.SetMessageWithEncoding(fmt.Sprintf(
		"id:%s sub:001 dlvrd:001 submit date:2603020915 done date:2603020916 stat:%s err:%s text:id:x stat:UNDELIV", id, stat, code), data.GSM7BIT)
	return []pdu.PDU{r, d}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// soon waits for something that other goroutines bring about.
func soon(t *testing.T, what string, f func() bool) {
	t.Helper()
	for range 1000 {
		if f() {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatal("not within ten seconds: " + what)
}
