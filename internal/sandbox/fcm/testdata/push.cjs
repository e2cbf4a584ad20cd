// Sends with Google's own SDK (npm firebase-admin) to what listens on this machine in the place of Google: only the connections
// are led elsewhere, names and certificates stay Google's. What the SDK says of each token goes to standard output, a line of
// JSON each; see sdk_test.go.
const http2 = require('node:http2');
const path = require('node:path');
const tls = require('node:tls');
const modules = process.env.BAILIFF_TEST_NODE_MODULES;
const google = ['fcm.googleapis.com', 'oauth2.googleapis.com'];

const connect = tls.connect;
tls.connect = (...args) => {
  const given = args.filter((a) => a && typeof a === 'object')[0] || {};
  const listener = args.filter((a) => typeof a === 'function')[0];
  const name = given.servername || given.host || args.filter((a) => typeof a === 'string')[0];
  if (!google.includes(name)) throw new Error('somebody wants to go to ' + name);
  return connect({ ...given, servername: name, host: '127.0.0.1', port: Number(process.env.FCM_PORT) }, listener);
};

// The SDK writes the scheme as "https:", which RFC 9113 (8.3.1) does not know; Google lets it pass, Go does not.
const session = http2.connect;
http2.connect = (...args) => {
  const made = session(...args);
  const request = made.request.bind(made);
  made.request = (headers, ...rest) => request({ ...headers, ':scheme': 'https' }, ...rest);
  return made;
};

const admin = require(path.join(modules, 'firebase-admin'));
const app = admin.initializeApp({ credential: admin.credential.cert(process.env.FCM_KEY) });
const messaging = app.messaging();
const say = (what) => process.stdout.write(JSON.stringify(what) + '\n');
const to = (token) => ({
  token,
  notification: { title: 'Іс 260000017', body: 'әғқңөұүһі' },
  data: { ref: '17-3-push' },
  android: { collapseKey: '17-3-push', ttl: 90 * 1000, notification: { tag: '17-3-push' } },
  apns: { headers: { 'apns-expiration': '1772424000', 'apns-collapse-id': '17-3-push' } },
});

(async () => {
  const tokens = process.argv.slice(2);
  for (const token of tokens) { // over HTTP/1.1
    try {
      say({ token, name: await messaging.send(to(token)) });
    } catch (e) {
      say({ token, code: e.code });
    }
  }
  const all = await messaging.sendEach(tokens.map(to)); // over HTTP/2
  all.responses.forEach((r, i) => say({ token: tokens[i], name: r.messageId, code: r.error && r.error.code }));
  await app.delete();
})().catch((e) => { console.error(e); process.exit(1); });
