/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A ticket as it comes in, against a fixed key; and the same bytes as claims that this key has
 * signed, so that what lies behind the signature is reached.
 */
#include "base/memory.h"
#include "lease/ticket.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void verify(const struct lease_signer *signer, const char *text, size_t size)
{
	struct lease_ticket ticket;
	LANE_ERROR_AUTO err = LANE_ERROR_INIT;
	if (lease_ticket_verify(signer, 1, text, size, 1700000000, &ticket, &err) &&
		(ticket.expires_s <= 1700000000 || !cJSON_IsObject(ticket.claims.root))) {
		abort();
	}
	lease_ticket_finish(&ticket);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char jwk[] = "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"kid\":\"a\","
							  "\"d\":\"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A\","
							  "\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\"}";
	BASE_JSON_AUTO json = {.name = NULL};
	struct lease_signer signer = {.audience = (char *)LEASE_AUDIENCE};
	if (!base_json_parse("jwk", jwk, sizeof(jwk) - 1, &json, NULL) ||
		!lease_key_from_json(&json, json.root, &signer.key, NULL)) {
		abort();
	}
	verify(&signer, (const char *)data, size);
	static const char header[] = "{\"alg\":\"EdDSA\",\"kid\":\"a\"}";
	BASE_BUFFER_AUTO token = BASE_BUFFER_INIT;
	uint8_t signature[64];
	lease_base64url_encode(header, sizeof(header) - 1, &token);
	base_buffer_add_text(&token, ".");
	lease_base64url_encode(data, size, &token);
	if (!lease_key_sign(&signer.key, token.data, token.size, signature)) {
		abort();
	}
	base_buffer_add_text(&token, ".");
	lease_base64url_encode(signature, sizeof(signature), &token);
	verify(&signer, token.data, token.size);
	lease_key_finish(&signer.key);
	return 0;
}
