// An identity provider of others, the npm package oidc-provider, for the tests of our side. It prints its address and ends with its input.
import { createServer } from 'node:http';
import { pathToFileURL } from 'node:url';
import { join } from 'node:path';

const { default: Provider } = await import(pathToFileURL(join(process.env.BAILIFF_TEST_NODE_MODULES, 'oidc-provider', 'lib', 'index.js')));
const server = createServer();
server.listen(0, '127.0.0.1', () => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  const provider = new Provider(issuer, {
    clients: [{
      client_id: 'bailiff', client_secret: 'a secret of the test: not one of a client', grant_types: ['authorization_code'],
      redirect_uris: [process.env.REDIRECT], post_logout_redirect_uris: [process.env.BYE],
    }],
    claims: { openid: ['sub'], profile: ['name', 'iin', 'roles'] },
    findAccount: (_, sub) => ({
      accountId: sub,
      claims: () => ({ sub, name: 'Асқар Ә.', iin: '870212300014', roles: ['operator', 'approver'] }),
    }),
    pkce: { required: () => true },
    features: { devInteractions: { enabled: true }, rpInitiatedLogout: { enabled: true } },
    cookies: { keys: ['a key of the test'] },
  });
  server.on('request', provider.callback());
  console.log(issuer);
});
process.stdin.resume();
process.stdin.on('end', () => process.exit(0));
