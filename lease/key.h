/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LEASE_KEY_H
#define LEASE_KEY_H

#include "base/json.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** What a key signs with: a property of the key, never of a ticket. */
enum lease_algorithm {
	/** Ed25519 (RFC 8037). */
	LEASE_EDDSA,
	/** RSASSA-PKCS1-v1_5 with SHA-256 (RFC 7518). */
	LEASE_RS256,
};

enum { LEASE_KEY_ID_MAX = 128, LEASE_SIGNATURE_MAX = 1024 };

/** A key from a JSON Web Key (RFC 7517). */
struct lease_key {
	char *id;
	enum lease_algorithm algorithm;
	/** OpenSSL's EVP_PKEY. */
	void *handle;
	/** It can sign. */
	bool private;
};

/** Makes a new Ed25519 key; its id is the thumbprint of RFC 7638. */
bool lease_key_generate(struct lease_key *key, struct lane_error *err);
/** The key as a JWK, with the secret part or without. Caller deletes. */
cJSON *lease_key_to_json(const struct lease_key *key, bool secret);
/**
 * Reads a JWK: "OKP" with Ed25519, or "RSA" of 2048 to 8192 bits without its private part. Members
 * that say nothing of the key itself (use, x5c) are passed over. Errors: JSON_INVALID with the
 * place.
 */
bool lease_key_from_json(
	const struct base_json *json, const cJSON *node, struct lease_key *key, struct lane_error *err);
/** Reads a file with one JWK. Errors: FILE_READ, JSON_INVALID. */
bool lease_key_load(const char *path, struct lease_key *key, struct lane_error *err);
void lease_key_finish(struct lease_key *key);

/** "EdDSA", "RS256". */
const char *lease_algorithm_name(enum lease_algorithm algorithm);
/** Whether this is the key's signature of the bytes. */
bool lease_key_verify(const struct lease_key *key, const void *bytes, size_t size,
	const uint8_t *signature, size_t signature_size);
/** Signs with a private Ed25519 key: 64 bytes. */
bool lease_key_sign(
	const struct lease_key *key, const void *bytes, size_t size, uint8_t signature[64]);

/** RFC 4648 section 5 without padding. Decoding is strict: false leaves `out` as it was. */
void lease_base64url_encode(const void *bytes, size_t size, struct base_buffer *out);
bool lease_base64url_decode(const char *text, size_t size, struct base_buffer *out);

#endif
