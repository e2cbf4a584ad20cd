// Telegram made of the npm package "telegram-test-api", which nobody here wrote. That one reads JSON and simple forms, and the
// library sends multipart: so Node's own reader of forms stands before it. It also shows the secret of the hook, as Telegram does.
const http = require('node:http');
const path = require('node:path');
const TelegramServer = require(path.join(process.env.BAILIFF_TEST_NODE_MODULES, 'telegram-test-api'));

const hook = {};
const body = (req) => new Promise((done, fail) => { const all = []; req.on('data', (b) => all.push(b)); req.on('end', () => done(Buffer.concat(all))); req.on('error', fail); });
const free = () => new Promise((done) => { const s = http.createServer().listen(0, '127.0.0.1', () => { const { port } = s.address(); s.close(() => done(port)); }); });
const json = { 'content-type': 'application/json' };

async function main() {
  const peer = new TelegramServer({ port: await free(), host: '127.0.0.1' });
  await peer.start();
  const front = http.createServer(async (req, res) => {
    const answer = (status, text) => { res.writeHead(status, json); res.end(text); };
    try {
      const raw = await body(req);
      const url = new URL(req.url, 'http://localhost');
      if (url.pathname === '/hook') { // the peer tells an update
        const said = await fetch(hook.url, { method: 'POST', body: raw, headers: { ...json, 'x-telegram-bot-api-secret-token': hook.secret } });
        return answer(said.status, await said.text());
      }
      if (url.pathname === '/say') { // a person writes
        const { token, chat, text } = JSON.parse(raw);
        const client = peer.getClient(token, { chatId: chat, userId: chat });
        await client.sendMessage(client.makeMessage(text));
        return answer(200, '{}');
      }
      if (url.pathname === '/got') { // what the person sees
        const client = peer.getClient(url.searchParams.get('token'), { chatId: Number(url.searchParams.get('chat')), timeout: 5000, interval: 20 });
        return answer(200, JSON.stringify((await client.getUpdates()).result));
      }
      const kind = req.headers['content-type'] || '';
      let fields = {};
      if (kind.startsWith('multipart/form-data') && raw.length > 0) {
        try { fields = Object.fromEntries(await new Response(raw, { headers: { 'content-type': kind } }).formData()); } catch (e) { if (!url.pathname.endsWith('/getMe')) throw e; }
      }
      for (const name of ['link_preview_options', 'allowed_updates']) if (name in fields) fields[name] = JSON.parse(fields[name]); // forms carry objects as JSON
      if (url.pathname.endsWith('/setWebhook')) {
        hook.url = fields.url;
        hook.secret = fields.secret_token;
        hook.updates = fields.allowed_updates;
        fields = { url: `http://127.0.0.1:${front.address().port}/hook` };
      }
      const said = await fetch(peer.config.apiURL + url.pathname, { method: 'POST', body: JSON.stringify(fields), headers: json });
      return answer(said.status, await said.text());
    } catch (e) {
      console.error(e);
      return answer(500, JSON.stringify({ ok: false, error_code: 500, description: String(e) }));
    }
  });
  front.listen(0, '127.0.0.1', () => process.stdout.write(JSON.stringify({ port: front.address().port }) + '\n'));
}
main();
