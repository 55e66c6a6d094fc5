// The flows of RFC 6749, 7636, 7523 and OpenID Connect as oauth4webapi and jose run them, which check what a client has to check.
// One argument: JSON with the issuer, a person's address and password, and a client with its private key. Says what held, a line each.
import * as oauth from 'oauth4webapi';
import * as jose from 'jose';

const { issuer: address, email, password, client: machine, pem, redirectUri } = JSON.parse(process.argv[2]);
const insecure = { [oauth.allowInsecureRequests]: true };
const issuer = new URL(address);
const held = (what) => console.log(what);

async function fails(what, promise, matches) {
  try {
    await promise;
  } catch (e) {
    if (!matches(e)) throw new Error(`${what}: failed for another reason`, { cause: e });
    held(what);
    return;
  }
  throw new Error(`${what}: it was let through`);
}
const oauthError = (code) => (e) => e instanceof oauth.ResponseBodyError && e.error === code;

// Discovery, by both documents.
const server = await oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, insecure));
await oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, { ...insecure, algorithm: 'oauth2' }));
held('discovery');

const app = { client_id: 'argosy' };

// A browser without a window: gets the page, fills in the form, follows nothing.
async function code(scope, verifier, nonce, state) {
  const url = new URL(server.authorization_endpoint);
  const asked = {
    client_id: app.client_id, redirect_uri: redirectUri, response_type: 'code', scope, state, nonce,
    code_challenge: await oauth.calculatePKCECodeChallenge(verifier), code_challenge_method: 'S256',
  };
  for (const [name, value] of Object.entries(asked)) url.searchParams.set(name, value);
  const page = await (await fetch(url)).text();
  const form = new URLSearchParams({ email, password });
  for (const [, name, value] of page.matchAll(/<input type="hidden" name="([^"]+)" value="([^"]*)">/g)) form.set(name, value.replaceAll('&amp;', '&'));
  const answer = await fetch(server.authorization_endpoint, { method: 'POST', body: form, redirect: 'manual', headers: { origin: issuer.origin } });
  if (answer.status !== 303) throw new Error(`the login page answered ${answer.status}: ${await answer.text()}`);
  return new URL(answer.headers.get('location'));
}

// Authorization code with PKCE.
const [verifier, nonce, state] = [oauth.generateRandomCodeVerifier(), oauth.generateRandomNonce(), oauth.generateRandomState()];
const back = await code('openid email api', verifier, nonce, state);
const parameters = oauth.validateAuthResponse(server, app, back, state);
const redeem = (by) => oauth.authorizationCodeGrantRequest(server, app, oauth.None(), parameters, redirectUri, by, insecure);
const tokens = await oauth.processAuthorizationCodeResponse(server, app, await redeem(verifier), { expectedNonce: nonce, requireIdToken: true });
held('authorization code with PKCE');

// jose believes the access token as RFC 9068 asks, and no ID token in its place.
const keys = jose.createRemoteJWKSet(new URL(server.jwks_uri));
const believe = (token) => jose.jwtVerify(token, keys, { issuer: server.issuer, audience: 'argosy', typ: 'at+jwt', requiredClaims: ['sub', 'client_id', 'iat', 'jti'] });
const { payload } = await believe(tokens.access_token);
held('access token in the profile of RFC 9068');
await fails('an ID token is no access token', believe(tokens.id_token), (e) => e.code === 'ERR_JWT_CLAIM_VALIDATION_FAILED' && e.claim === 'typ');
const [head, body, signature] = tokens.access_token.split('.');
const changed = jose.base64url.encode(JSON.stringify({ ...payload, roles: ['admin'] }));
await fails('a changed access token is refused', believe(`${head}.${changed}.${signature}`), (e) => e.code === 'ERR_JWS_SIGNATURE_VERIFICATION_FAILED');

const user = await oauth.processUserInfoResponse(server, app, payload.sub, await oauth.userInfoRequest(server, app, tokens.access_token, insecure));
if (user.email !== email) throw new Error(`userinfo tells ${user.email}`);
held('userinfo');

// Refresh, once each.
const refresh = (token) => oauth.refreshTokenGrantRequest(server, app, oauth.None(), token, insecure);
const fresh = await oauth.processRefreshTokenResponse(server, app, await refresh(tokens.refresh_token));
held('refresh');
const spent = async (token) => oauth.processRefreshTokenResponse(server, app, await refresh(token));
await fails('a refresh token is good once', spent(tokens.refresh_token), oauthError('invalid_grant'));
await fails('its reuse ends the family', spent(fresh.refresh_token), oauthError('invalid_grant'));

// What must not go.
const redeemed = async (by) => oauth.processAuthorizationCodeResponse(server, app, await redeem(by));
await fails('a code is good once', redeemed(verifier), oauthError('invalid_grant'));
const other = oauth.validateAuthResponse(server, app, await code('api', verifier, nonce, state), state);
const wrong = async () => oauth.processAuthorizationCodeResponse(
  server, app, await oauth.authorizationCodeGrantRequest(server, app, oauth.None(), other, redirectUri, oauth.generateRandomCodeVerifier(), insecure));
await fails('a code needs its verifier', wrong(), oauthError('invalid_grant'));

// Revocation.
const last = oauth.validateAuthResponse(server, app, await code('api', verifier, nonce, state), state);
const ended = await oauth.processAuthorizationCodeResponse(
  server, app, await oauth.authorizationCodeGrantRequest(server, app, oauth.None(), last, redirectUri, verifier, insecure));
await oauth.processRevocationResponse(await oauth.revocationRequest(server, app, oauth.None(), ended.refresh_token, insecure));
await fails('a revoked token is over', spent(ended.refresh_token), oauthError('invalid_grant'));

// Client credentials with private_key_jwt.
const service = { client_id: machine };
const key = await crypto.subtle.importKey('pkcs8', jose.base64url.decode(pem), { name: 'ECDSA', namedCurve: 'P-256' }, false, ['sign']);
const own = await oauth.processClientCredentialsResponse(
  server, service, await oauth.clientCredentialsGrantRequest(server, service, oauth.PrivateKeyJwt(key), new URLSearchParams({ scope: 'api' }), insecure));
if ((await believe(own.access_token)).payload.sub !== `svc:${machine}`) throw new Error('the client is not itself');
held('client credentials with private_key_jwt');
const seen = await oauth.processIntrospectionResponse(
  server, service, await oauth.introspectionRequest(server, service, oauth.PrivateKeyJwt(key), own.access_token, insecure));
if (!seen.active) throw new Error('its own token is not active');
held('introspection');
const stranger = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, false, ['sign', 'verify']);
const forged = async () => oauth.processClientCredentialsResponse(
  server, service, await oauth.clientCredentialsGrantRequest(server, service, oauth.PrivateKeyJwt(stranger.privateKey), new URLSearchParams(), insecure));
await fails("another's key proves nothing", forged(), oauthError('invalid_client'));
