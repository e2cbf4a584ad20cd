// An identity provider of others, the npm package oidc-provider, for the tests of the desk's sign-in. It prints its address and ends with its
// input. Whoever opens an interaction says by ?as= who he is; people whose name ends with -mfa have shown two factors.
import { createServer } from 'node:http';
import { pathToFileURL } from 'node:url';
import { join } from 'node:path';

const { default: Provider } = await import(pathToFileURL(join(process.env.BAILIFF_TEST_NODE_MODULES, 'oidc-provider', 'lib', 'index.js')));
const people = { 'aigul-mfa': ['ops'], 'bolat-mfa': ['canteen'], 'daulet': ['ops'] };
const server = createServer();
server.listen(0, '127.0.0.1', () => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  const provider = new Provider(issuer, {
    clients: [{
      client_id: 'bailiff-desk', client_secret: 'a secret of the test: not one of a client', grant_types: ['authorization_code'],
      redirect_uris: [process.env.REDIRECT], post_logout_redirect_uris: [process.env.BYE],
    }],
    claims: { openid: ['sub', 'amr'], profile: ['name', 'groups', 'regions'], amr: null },
    findAccount: (_, sub) => ({ accountId: sub, claims: () => ({ sub, groups: people[sub], regions: ['75'] }) }),
    interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
    loadExistingGrant: async (ctx) => {
      const grant = new ctx.oidc.provider.Grant({ clientId: ctx.oidc.client.clientId, accountId: ctx.oidc.session.accountId });
      grant.addOIDCScope('openid profile');
      await grant.save();
      return grant;
    },
    pkce: { required: () => true },
    features: { devInteractions: { enabled: false }, rpInitiatedLogout: { enabled: true } },
    cookies: { keys: ['a key of the test'] },
  });
  const answer = provider.callback();
  server.on('request', async (req, res) => {
    const url = new URL(req.url, issuer);
    const who = url.searchParams.get('as');
    if (!url.pathname.startsWith('/interaction/')) {
      answer(req, res);
    } else if (who === null) {
      res.end('Who are you?');
    } else if (who === 'nobody') {
      await provider.interactionFinished(req, res, { error: 'access_denied', error_description: 'no' });
    } else {
      await provider.interactionFinished(req, res, { login: { accountId: who, amr: who.endsWith('-mfa') ? ['pwd', 'mfa'] : ['pwd'] } });
    }
  });
  console.log(issuer);
});
process.stdin.resume();
process.stdin.on('end', () => process.exit(0));
