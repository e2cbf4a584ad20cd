// An SMS centre made of the npm package "smpp", as a peer that nobody here wrote. The last digit of a number says what happens
// to a message for it; see centre_test.go. What it was sent, as it understood it, goes to standard output, a line of JSON each.
const path = require('node:path');
const smpp = require(path.join(process.env.BAILIFF_TEST_NODE_MODULES, 'smpp'));

const say = (what) => process.stdout.write(JSON.stringify(what) + '\n');
let next = 0;
const throttled = new Set();

const server = smpp.createServer((session) => {
  session.on('error', () => {});
  session.on('bind_transceiver', (pdu) => {
    const ok = pdu.password === 'secret';
    session.send(pdu.response({ system_id: 'npm', command_status: ok ? 0 : smpp.ESME_RINVPASWD }));
  });
  session.on('unbind', (pdu) => { session.send(pdu.response()); session.close(); });
  session.on('enquire_link', (pdu) => session.send(pdu.response()));
  session.on('query_sm', (pdu) => session.send(pdu.response({ message_id: pdu.message_id, message_state: 2, final_date: '' })));
  session.on('submit_sm', (pdu) => {
    const id = 'n' + ++next;
    const what = pdu.destination_addr.slice(-1);
    const udh = pdu.short_message.udh;
    say({
      id, to: pdu.destination_addr, ton: pdu.dest_addr_ton, from: pdu.source_addr, text: pdu.short_message.message, coding: pdu.data_coding,
      header: udh ? Buffer.concat([].concat(udh)).toString('hex') : '', validity: String(pdu.validity_period && pdu.validity_period.toISOString ? 'time' : pdu.validity_period),
      receipt: pdu.registered_delivery,
    });
    const refuse = (status) => session.send(pdu.response({ command_status: status }));
    if (what === '2') return refuse(smpp.ESME_RINVDSTADR);
    if (what === '6') return refuse(smpp.ESME_RSYSERR);
    if (what === '3' && !throttled.has(pdu.destination_addr)) { throttled.add(pdu.destination_addr); return refuse(smpp.ESME_RTHROTTLED); }
    if (what === '4') return undefined; // taken, and the answer is lost
    session.send(pdu.response({ message_id: id }));
    const stat = what === '5' ? 'UNDELIV' : 'DELIVRD';
    session.deliver_sm({
      source_addr: pdu.destination_addr, destination_addr: pdu.source_addr, esm_class: 4,
      short_message: { message: `id:${id} sub:001 dlvrd:001 submit date:2603020915 done date:2603020916 stat:${stat} err:${what === '5' ? '034' : '000'} text:id:x stat:UNDELIV` },
    });
    return undefined;
  });
});
server.listen(0, '127.0.0.1', () => say({ port: server.address().port }));
