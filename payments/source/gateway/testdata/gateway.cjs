// A payment gateway made by the contract alone, with the npm package "standardwebhooks" for the signatures of both directions, as a peer
// that shares nothing with us; see peer_test.go. It says its port, and then how each of its messages was answered, a line of JSON each.
const http = require('node:http');
const path = require('node:path');
const { Webhook } = require(path.join(process.env.BAILIFF_TEST_NODE_MODULES, 'standardwebhooks'));

const say = (what) => process.stdout.write(JSON.stringify(what) + '\n');
const receiver = new Webhook(process.env.RECEIVER_SECRET); // by which we know the receiver
const own = new Webhook(process.env.OWN_SECRET); // by which it knows us
const orders = new Map();
const refunds = new Map();
const list = [];

async function tell(message, event) {
  const body = JSON.stringify(message);
  const at = new Date();
  const headers = { 'content-type': 'application/json', 'webhook-id': event, 'webhook-timestamp': String(Math.floor(at / 1000)), 'webhook-signature': own.sign(event, at, body) };
  const answer = await fetch(process.env.HOOK, { method: 'POST', headers, body });
  say({ answered: answer.status });
}

const operations = {
  '/v1/payments': async (q) => {
    if (q.type !== 'payment.begin.v1') return null;
    if (!orders.has(q.order)) {
      const data = { txn_id: 'npm-' + (orders.size + 1), order: q.order, amount: q.amount, currency: q.currency, reference: q.case, value_date: '2026-09-01' };
      orders.set(q.order, { type: 'payment.paid', data });
      list.push(orders.get(q.order));
      await tell(orders.get(q.order), 'ev-' + data.txn_id);
    }
    return { order: q.order, page: 'https://pay.example.kz/c/' + orders.get(q.order).data.txn_id, qr: 'x' };
  },
  '/v1/payments/query': async (q) => (q.type !== 'payment.query.v1' ? null : {
    results: q.orders.map((order) => (orders.has(order) ? { order, state: 'paid', payment: orders.get(order) } : { order, state: 'unknown' })),
  }),
  '/v1/refunds': async (q) => {
    if (q.type !== 'refund.begin.v1') return null;
    if (!refunds.has(q.refund)) {
      refunds.set(q.refund, 'done');
      list.push({ type: 'payment.reversed', data: { txn_id: q.txn_id, amount: q.amount, currency: q.currency } });
    }
    return { refund: q.refund, state: refunds.get(q.refund) };
  },
  '/v1/registers/query': async (q) => { // one entry a page
    if (q.type !== 'register.query.v1') return null;
    const at = Number(q.after || 0);
    return { entries: list.slice(at, at + 1), next: at + 1 < list.length ? String(at + 1) : '' };
  },
};

http.createServer((req, res) => {
  let body = '';
  req.setEncoding('utf8');
  req.on('data', (part) => { body += part; });
  req.on('end', async () => {
    try {
      receiver.verify(body, req.headers); // signature and time
    } catch (e) {
      res.writeHead(401).end();
      return;
    }
    const answer = operations[req.url] && await operations[req.url](JSON.parse(body));
    if (answer) res.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
    else res.writeHead(400).end();
  });
}).listen(0, '127.0.0.1', function listening() { say({ port: this.address().port }); });
