/* SPDX-License-Identifier: Apache-2.0 */
#include "lease/ticket.h"

#include "base/digest.h"
#include "base/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { HEADER_SIZE_MAX = 1024 };

struct segment {
	const char *text;
	size_t size;
};

void lease_tid(const char *text, size_t size, char tid[LEASE_TID_SIZE])
{
	uint8_t digest[BASE_SHA256_SIZE];
	base_sha256(text, size, digest);
	for (size_t i = 0; i < (LEASE_TID_SIZE - 1) / 2; i++) {
		snprintf(tid + 2 * i, 3, "%02x", digest[i]);
	}
}

static bool refuse(struct lane_error *err, const char *why)
{
	return lane_error_set(err, "TICKET_REFUSED", "%s", why);
}

/** Exactly three, none empty. */
static bool cut(const char *text, size_t size, struct segment segments[3])
{
	size_t count = 0;
	for (const char *end = text + size; count < 3; count++) {
		const char *dot = memchr(text, '.', (size_t)(end - text));
		const char *stop = dot != NULL ? dot : end;
		segments[count] = (struct segment){text, (size_t)(stop - text)};
		if (segments[count].size == 0 || (dot == NULL) != (count == 2)) {
			return false;
		}
		text = stop + 1;
	}
	return true;
}

static bool decode_json(const struct segment *segment, const char *name, struct base_json *json)
{
	BASE_BUFFER_AUTO text = BASE_BUFFER_INIT;
	return lease_base64url_decode(segment->text, segment->size, &text) &&
		base_json_parse(name, text.data, text.size, json, NULL) && cJSON_IsObject(json->root);
}

/**
 * The one key that the header names, if the header asks for nothing else. Members that choose or
 * bring a key (jwk, jku, x5u, x5c) and extensions that must be understood (crit) are refused by
 * not being among those that are known.
 */
static const struct lease_signer *choose_signer(const struct lease_signer *signers, size_t count,
	const struct base_json *header, struct lane_error *err)
{
	static const char why[] = "its header names no key that is known, or asks for more than that";
	static const struct base_json_key keys[] = {
		{"alg", BASE_JSON_STRING, true, 0, 0},
		{"kid", BASE_JSON_STRING, true, 0, 0},
		{"typ", BASE_JSON_STRING, false, 0, 0},
		/* GitHub sends it. A thumbprint chooses nothing here. */
		{"x5t", BASE_JSON_STRING, false, 0, 0},
	};
	if (!base_json_check(header, header->root, "$", keys, sizeof(keys) / sizeof(keys[0]), NULL)) {
		refuse(err, why);
		return NULL;
	}
	const char *id = base_json_string(header->root, "kid", "");
	const char *algorithm = base_json_string(header->root, "alg", "");
	for (size_t i = 0; i < count; i++) {
		if (strcmp(signers[i].key.id, id) == 0) {
			bool its_own = strcmp(lease_algorithm_name(signers[i].key.algorithm), algorithm) == 0;
			if (!its_own) {
				refuse(err, why);
			}
			return its_own ? &signers[i] : NULL;
		}
	}
	lane_error_set(err, "TICKET_KEY_UNKNOWN", "%s", why);
	return NULL;
}

static bool signature_holds(
	const struct lease_signer *signer, const char *text, const struct segment segments[3])
{
	BASE_BUFFER_AUTO signature = BASE_BUFFER_INIT;
	size_t signed_size = segments[0].size + 1 + segments[1].size;
	return segments[2].size <= 2 * LEASE_SIGNATURE_MAX &&
		lease_base64url_decode(segments[2].text, segments[2].size, &signature) &&
		lease_key_verify(
			&signer->key, text, signed_size, (const uint8_t *)signature.data, signature.size);
}

/** A string, or an array with exactly this one string. */
static bool audience_is(const cJSON *claims, const char *audience)
{
	const cJSON *aud = base_json_get(claims, "aud");
	if (cJSON_IsArray(aud) && aud->child != NULL && aud->child->next == NULL) {
		aud = aud->child;
	}
	return cJSON_IsString(aud) && strcmp(aud->valuestring, audience) == 0;
}

static bool issuer_is(const cJSON *claims, const char *issuer)
{
	if (issuer == NULL) {
		return base_json_get(claims, "iss") == NULL;
	}
	return strcmp(base_json_string(claims, "iss", ""), issuer) == 0;
}

/** A claim that is a time: whole seconds. */
static bool time_of(const cJSON *claims, const char *name, uint64_t *time_s)
{
	*time_s = base_json_uint(claims, name, UINT64_MAX);
	return *time_s != UINT64_MAX;
}

static bool check_claims(struct lease_ticket *ticket, uint64_t now_s, struct lane_error *err)
{
	const cJSON *claims = ticket->claims.root;
	uint64_t from_s = 0;
	if (!issuer_is(claims, ticket->signer->issuer)) {
		return refuse(err, "it is not from the issuer of its key");
	}
	if (!audience_is(claims, ticket->signer->audience)) {
		return refuse(err, "it is for another audience");
	}
	if (!time_of(claims, "exp", &ticket->expires_s) || ticket->expires_s <= now_s) {
		return refuse(err, "it has expired or has no whole number as exp");
	}
	if (!time_of(claims, "iat", &from_s) || from_s > now_s + LEASE_TICKET_SKEW_S) {
		return refuse(err, "it was issued in the future or has no whole number as iat");
	}
	if (base_json_get(claims, "nbf") != NULL &&
		(!time_of(claims, "nbf", &from_s) || from_s > now_s + LEASE_TICKET_SKEW_S)) {
		return refuse(err, "it does not hold yet");
	}
	return true;
}

bool lease_ticket_verify(const struct lease_signer *signers, size_t signer_count, const char *text,
	size_t size, uint64_t now_s, struct lease_ticket *ticket, struct lane_error *err)
{
	*ticket = (struct lease_ticket){.signer = NULL};
	lease_tid(text, size, ticket->tid);
	struct segment segments[3];
	BASE_JSON_AUTO header = {.name = NULL};
	if (size > LEASE_TICKET_SIZE_MAX || !cut(text, size, segments) ||
		segments[0].size > HEADER_SIZE_MAX || !decode_json(&segments[0], "header", &header)) {
		return refuse(err, "it is no JSON Web Token");
	}
	ticket->signer = choose_signer(signers, signer_count, &header, err);
	if (ticket->signer == NULL) {
		return false;
	}
	/* Nothing of the claims is looked at before the signature has been. */
	if (!signature_holds(ticket->signer, text, segments)) {
		return refuse(err, "its signature does not hold");
	}
	if (!decode_json(&segments[1], "claims", &ticket->claims)) {
		return refuse(err, "its claims are no JSON object");
	}
	return check_claims(ticket, now_s, err);
}

void lease_ticket_finish(struct lease_ticket *ticket)
{
	base_json_finish(&ticket->claims);
	*ticket = (struct lease_ticket){.signer = NULL};
}

char *lease_ticket_mint(const struct lease_key *key, const cJSON *claims, struct lane_error *err)
{
	BASE_JSON_FREE cJSON *header = base_json_new_object();
	base_json_add_string(header, "alg", lease_algorithm_name(key->algorithm));
	base_json_add_string(header, "kid", key->id);
	base_json_add_string(header, "typ", "JWT");
	BASE_BUFFER_AUTO text = BASE_BUFFER_INIT;
	const cJSON *const parts[] = {header, claims};
	for (size_t i = 0; i < 2; i++) {
		BASE_BUFFER_AUTO json = BASE_BUFFER_INIT;
		base_json_write(parts[i], 0, &json);
		lease_base64url_encode(json.data, json.size, &text);
		base_buffer_add_text(&text, i == 0 ? "." : "");
	}
	uint8_t signature[64];
	if (key->algorithm != LEASE_EDDSA || !lease_key_sign(key, text.data, text.size, signature)) {
		lane_error_set(err, "KEY_FAILED", "key %s cannot sign", key->id);
		return NULL;
	}
	base_buffer_add_text(&text, ".");
	lease_base64url_encode(signature, sizeof(signature), &text);
	return base_buffer_steal(&text);
}
