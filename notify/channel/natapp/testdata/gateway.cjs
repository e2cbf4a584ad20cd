// The gateway of a national app, made by the contract alone, with the npm package "standardwebhooks" for the signatures of both
// directions, as a peer that shares nothing with us; see peer_test.go. It says its port, and then what it took and how its
// receipts were answered, a line of JSON each.
const http = require('node:http');
const path = require('node:path');
const { Webhook } = require(path.join(process.env.BAILIFF_TEST_NODE_MODULES, 'standardwebhooks'));

const say = (what) => process.stdout.write(JSON.stringify(what) + '\n');
const sender = new Webhook(process.env.SENDER_SECRET); // by which we know the sender
const own = new Webhook(process.env.OWN_SECRET); // by which it knows us
const taken = new Map();

async function receipt(ref, signer) {
  const body = JSON.stringify({ type: 'push.receipts.v1', receipts: [{ ref, status: 'delivered', at: new Date().toISOString(), id: taken.get(ref) }] });
  const at = new Date();
  const headers = { 'content-type': 'application/json', 'webhook-id': 'msg_' + ref, 'webhook-timestamp': String(Math.floor(at / 1000)), 'webhook-signature': signer.sign('msg_' + ref, at, body) };
  const answer = await fetch(process.env.RECEIPTS, { method: 'POST', headers, body });
  say({ answered: answer.status });
}

http.createServer((req, res) => {
  let body = '';
  req.setEncoding('utf8');
  req.on('data', (part) => { body += part; });
  req.on('end', async () => {
    try {
      sender.verify(body, req.headers); // signature and time
    } catch (e) {
      res.writeHead(401).end();
      return;
    }
    const said = JSON.parse(body);
    const results = [];
    for (const p of said.pushes || []) {
      if (!taken.has(p.ref)) taken.set(p.ref, 'npm-' + (taken.size + 1));
      say({ ref: p.ref, to: p.to, title: p.title, text: p.text });
      results.push({ ref: p.ref, status: 'accepted', id: taken.get(p.ref) });
    }
    for (const ref of said.refs || []) results.push(taken.has(ref) ? { ref, status: 'delivered', id: taken.get(ref) } : { ref, status: 'not_found' });
    if (said.pushes) {
      await receipt(said.pushes[0].ref, own);
      await receipt(said.pushes[0].ref, sender); // not by the secret of this direction
    }
    res.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ results }));
  });
}).listen(0, '127.0.0.1', function listening() { say({ port: this.address().port }); });
