/** A real OpenID provider on this machine, for two people and one client; says on which port it listens. */
import { generateKeyPairSync } from "node:crypto";
import { createServer } from "node:http";
import Provider from "oidc-provider";

const [client_id, client_secret, address] = process.argv.slice(2);
const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
const people = {
  ana: { name: "Ana Sousa", email: "ana@example.org", email_verified: true, entitlements: ["urn:example:group:em"] },
  bea: { name: "Bea Lind", email: "bea@example.org", email_verified: true, entitlements: ["urn:example:group:em"] },
  eve: { name: "Eve", email: "ana@example.org", email_verified: false, entitlements: ["urn:example:group:em"] },
  tom: { name: "Tom", email: "tom@example.org", email_verified: true, entitlements: ["urn:example:group:other"] },
};

const server = createServer();
server.listen(0, "127.0.0.1", () => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  const provider = new Provider(issuer, {
    clients: [{ client_id, client_secret, redirect_uris: [`${address}/signed-in`], post_logout_redirect_uris: [`${address}/`], grant_types: ["authorization_code"], response_types: ["code"] }],
    jwks: { keys: [{ ...privateKey.export({ format: "jwk" }), use: "sig", alg: "RS256" }] },
    cookies: { keys: ["of a test"] },
    claims: { openid: ["sub"], profile: ["name", "entitlements"], email: ["email", "email_verified"] },
    pkce: { required: () => true },
    findAccount: (_, id) => (people[id] ? { accountId: id, claims: () => ({ sub: id, ...people[id] }) } : undefined),
  });
  server.on("request", provider.callback());
  console.log(issuer);
});
