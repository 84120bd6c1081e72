// SPDX-License-Identifier: Apache-2.0
// tickets.mjs BED verify KEY TICKET: whether jose takes our ticket.
// tickets.mjs BED make FOLDER KEY: tickets by jose, good and bad, as FOLDER/good-* and FOLDER/bad-*,
// and the issuer's keys as FOLDER/issuer.json; jose itself refuses every bad one.
import { readFileSync, writeFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { createPrivateKey } from "node:crypto";

const [bed, what, ...rest] = process.argv.slice(2);
const jose = await import(pathToFileURL(`${bed}/node_modules/jose/dist/webapi/index.js`));
const read = (path) => readFileSync(path, "utf8");
const audience = "gpu-lane-bridge";

async function verify(ticket, key, options) {
  return jose.jwtVerify(ticket, key, { audience, algorithms: ["EdDSA"], ...options });
}

if (what === "verify") {
  const jwk = JSON.parse(read(rest[0]));
  const key = await jose.importJWK(jwk, "EdDSA");
  const { payload, protectedHeader } = await verify(read(rest[1]).trim(), key);
  if (protectedHeader.kid !== jwk.kid || jwk.kid !== (await jose.calculateJwkThumbprint(jwk))) {
    throw new Error("the kid is not the thumbprint of the key");
  }
  console.log(JSON.stringify(payload));
  process.exit(0);
}

const [folder, keyFile] = rest;
const jwk = JSON.parse(read(keyFile));
const own = await jose.importJWK(jwk, "EdDSA");
const { d, ...publicJwk } = jwk;
const ownPublic = await jose.importJWK(publicJwk, "EdDSA");
const forger = (await jose.generateKeyPair("Ed25519", { extractable: true })).privateKey;
const issuer = await jose.generateKeyPair("RS256", { extractable: true });
const issuerJwk = { ...(await jose.exportJWK(issuer.publicKey)), kid: "issuer-1", alg: "RS256", use: "sig" };
writeFileSync(`${folder}/issuer.json`, JSON.stringify({ keys: [issuerJwk] }));

const now = Math.floor(Date.now() / 1000);
const claims = { sub: "ci", role: "worker-gpu", aud: audience, jti: "jose-1", iat: now, exp: now + 300 };
const issued = { iss: "https://issuer.test", sub: "repo:octo/lane", aud: "gpu-lane", jti: "j", iat: now,
  exp: now + 300, repository: "octo/lane" };
const header = { alg: "EdDSA", kid: jwk.kid };
const sign = (payload, key = own, head = header) =>
  new jose.SignJWT(payload).setProtectedHeader(head).sign(key);
const issuerHeader = { alg: "RS256", kid: "issuer-1" };
const put = (name, ticket) => writeFileSync(`${folder}/${name}`, ticket);

put("good-own", await sign(claims, own, { ...header, typ: "JWT" }));
put("good-issued", await sign(issued, issuer.privateKey, issuerHeader));

const [first, second, third] = (await sign(claims)).split(".");
const encode = (value) => jose.base64url.encode(JSON.stringify(value));
const secret = new TextEncoder().encode(JSON.stringify(publicJwk));
const bad = {
  "forged": await sign(claims, forger),
  "expired": await sign({ ...claims, iat: now - 600, exp: now - 300 }),
  "not-yet": await sign({ ...claims, nbf: now + 3600 }),
  "foreign-audience": await sign({ ...claims, aud: "another-bridge" }),
  "changed-claims": [first, encode({ ...claims, role: "queen" }), third].join("."),
  "no-algorithm": new jose.UnsecuredJWT(claims).encode(),
  "none-with-kid": [encode({ alg: "none", kid: jwk.kid }), second, ""].join("."),
  "secret-of-public-key": await sign(claims, secret, { alg: "HS256", kid: jwk.kid }),
  "issuer-as-own": await sign(claims, issuer.privateKey, { alg: "RS256", kid: jwk.kid }),
  "key-in-header": await sign(claims, forger, {
    ...header, jwk: await jose.exportJWK(createPrivateKey({ key: await jose.exportPKCS8(forger) })) }),
};
for (const [name, ticket] of Object.entries(bad)) {
  put(`bad-${name}`, ticket);
  const taken = await verify(ticket, ownPublic).then(() => true, () => false);
  if (taken) {
    throw new Error(`jose takes ${name}: it is not bad`);
  }
}
const otherIssuer = { ...issued, iss: "https://evil.test" };
put("bad-other-issuer", await sign(otherIssuer, issuer.privateKey, issuerHeader));
put("bad-other-repository",
  await sign({ ...issued, repository: "evil/lane" }, issuer.privateKey, issuerHeader));
put("bad-own-claims-by-issuer", await sign(claims, issuer.privateKey, issuerHeader));
