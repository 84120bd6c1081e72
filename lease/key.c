/* SPDX-License-Identifier: Apache-2.0 */
#include "lease/key.h"

#include "base/digest.h"
#include "base/memory.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <stdlib.h>
#include <string.h>

enum {
	ED25519_SIZE = 32,
	ED25519_SIGNATURE_SIZE = 64,
	RSA_BITS_MIN = 2048,
	RSA_BITS_MAX = 8192,
	KEY_FILE_MAX = 64 << 10,
	ID_SIZE_BYTES = 16,
};

const char *lease_algorithm_name(enum lease_algorithm algorithm)
{
	return algorithm == LEASE_EDDSA ? "EdDSA" : "RS256";
}

static void add_bytes(cJSON *object, const char *key, const uint8_t *bytes, size_t size)
{
	BASE_BUFFER_AUTO text = BASE_BUFFER_INIT;
	lease_base64url_encode(bytes, size, &text);
	base_json_add_string(object, key, text.data);
}

bool lease_key_generate(struct lease_key *key, struct lane_error *err)
{
	*key = (struct lease_key){.algorithm = LEASE_EDDSA, .private = true};
	key->handle = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	uint8_t public[ED25519_SIZE];
	size_t size = sizeof(public);
	if (key->handle == NULL || EVP_PKEY_get_raw_public_key(key->handle, public, &size) != 1) {
		lease_key_finish(key);
		return lane_error_set(err, "KEY_FAILED", "cannot make an Ed25519 key");
	}
	/* RFC 7638: the required members in alphabetic order, without white space. */
	BASE_JSON_FREE cJSON *members = base_json_new_object();
	base_json_add_string(members, "crv", "Ed25519");
	base_json_add_string(members, "kty", "OKP");
	add_bytes(members, "x", public, sizeof(public));
	BASE_BUFFER_AUTO text = BASE_BUFFER_INIT;
	base_json_write(members, 0, &text);
	uint8_t digest[BASE_SHA256_SIZE];
	base_sha256(text.data, text.size, digest);
	BASE_BUFFER_AUTO id = BASE_BUFFER_INIT;
	lease_base64url_encode(digest, sizeof(digest), &id);
	key->id = base_buffer_steal(&id);
	return true;
}

cJSON *lease_key_to_json(const struct lease_key *key, bool secret)
{
	uint8_t bytes[ED25519_SIZE];
	size_t size = sizeof(bytes);
	cJSON *json = base_json_new_object();
	base_json_add_string(json, "kty", "OKP");
	base_json_add_string(json, "crv", "Ed25519");
	base_json_add_string(json, "alg", "EdDSA");
	base_json_add_string(json, "use", "sig");
	base_json_add_string(json, "kid", key->id);
	EVP_PKEY_get_raw_public_key(key->handle, bytes, &size);
	add_bytes(json, "x", bytes, size);
	if (secret) {
		EVP_PKEY_get_raw_private_key(key->handle, bytes, &size);
		add_bytes(json, "d", bytes, size);
		OPENSSL_cleanse(bytes, sizeof(bytes));
	}
	return json;
}

/** The bytes of a base64url member. */
static bool member_bytes(const cJSON *node, const char *name, struct base_buffer *out)
{
	const char *text = base_json_string(node, name, NULL);
	return text != NULL && lease_base64url_decode(text, strlen(text), out);
}

static bool read_okp(const cJSON *node, struct lease_key *key)
{
	BASE_BUFFER_AUTO x = BASE_BUFFER_INIT;
	BASE_BUFFER_AUTO d = BASE_BUFFER_INIT;
	if (strcmp(base_json_string(node, "crv", ""), "Ed25519") != 0 || !member_bytes(node, "x", &x) ||
		x.size != ED25519_SIZE) {
		return false;
	}
	key->algorithm = LEASE_EDDSA;
	key->private = base_json_get(node, "d") != NULL;
	if (!key->private) {
		key->handle =
			EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, (const uint8_t *)x.data, x.size);
		return key->handle != NULL;
	}
	uint8_t public[ED25519_SIZE];
	size_t size = sizeof(public);
	if (!member_bytes(node, "d", &d) || d.size != ED25519_SIZE) {
		return false;
	}
	key->handle =
		EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, (const uint8_t *)d.data, d.size);
	OPENSSL_cleanse(d.data, d.size);
	/* A public half that is not of this secret would let signatures leak the secret. */
	return key->handle != NULL && EVP_PKEY_get_raw_public_key(key->handle, public, &size) == 1 &&
		memcmp(public, x.data, sizeof(public)) == 0;
}

static EVP_PKEY *rsa_from_numbers(const struct base_buffer *n, const struct base_buffer *e)
{
	EVP_PKEY *handle = NULL;
	BIGNUM *modulus = BN_bin2bn((const uint8_t *)n->data, (int)n->size, NULL);
	BIGNUM *exponent = BN_bin2bn((const uint8_t *)e->data, (int)e->size, NULL);
	OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
	OSSL_PARAM *parameters = NULL;
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
	if (modulus != NULL && exponent != NULL && builder != NULL && context != NULL &&
		OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_N, modulus) == 1 &&
		OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_E, exponent) == 1 &&
		(parameters = OSSL_PARAM_BLD_to_param(builder)) != NULL &&
		EVP_PKEY_fromdata_init(context) == 1) {
		EVP_PKEY_fromdata(context, &handle, EVP_PKEY_PUBLIC_KEY, parameters);
	}
	OSSL_PARAM_free(parameters);
	OSSL_PARAM_BLD_free(builder);
	EVP_PKEY_CTX_free(context);
	BN_free(modulus);
	BN_free(exponent);
	return handle;
}

static bool read_rsa(const cJSON *node, struct lease_key *key)
{
	BASE_BUFFER_AUTO n = BASE_BUFFER_INIT;
	BASE_BUFFER_AUTO e = BASE_BUFFER_INIT;
	if (base_json_get(node, "d") != NULL || !member_bytes(node, "n", &n) ||
		!member_bytes(node, "e", &e) || n.size > RSA_BITS_MAX / 8 || e.size == 0 || e.size > 8 ||
		(e.data[e.size - 1] & 1) == 0 || (e.size == 1 && e.data[0] < 3)) {
		return false;
	}
	key->algorithm = LEASE_RS256;
	key->handle = rsa_from_numbers(&n, &e);
	return key->handle != NULL && EVP_PKEY_get_bits(key->handle) >= RSA_BITS_MIN;
}

static bool id_valid(const char *id)
{
	return id != NULL && *id != '\0' && strlen(id) <= LEASE_KEY_ID_MAX &&
		strspn(id, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.=:") ==
		strlen(id);
}

bool lease_key_from_json(
	const struct base_json *json, const cJSON *node, struct lease_key *key, struct lane_error *err)
{
	*key = (struct lease_key){.id = NULL};
	const char *type = base_json_string(node, "kty", "");
	const char *id = base_json_string(node, "kid", NULL);
	const char *algorithm = base_json_string(node, "alg", NULL);
	bool known = (strcmp(type, "OKP") == 0 && read_okp(node, key)) ||
		(strcmp(type, "RSA") == 0 && read_rsa(node, key));
	bool good = known && id_valid(id) &&
		(algorithm == NULL || strcmp(algorithm, lease_algorithm_name(key->algorithm)) == 0);
	if (!good) {
		lease_key_finish(key);
		return base_json_error(json, node, err,
			"no key that can be used: Ed25519, or public RSA of %d bits or more, with a kid",
			RSA_BITS_MIN);
	}
	key->id = base_strdup(id);
	return true;
}

bool lease_key_load(const char *path, struct lease_key *key, struct lane_error *err)
{
	BASE_JSON_AUTO json = {.name = NULL};
	return base_json_load(path, KEY_FILE_MAX, &json, err) &&
		lease_key_from_json(&json, json.root, key, err);
}

void lease_key_finish(struct lease_key *key)
{
	EVP_PKEY_free(key->handle);
	free(key->id);
	*key = (struct lease_key){.id = NULL};
}

bool lease_key_verify(const struct lease_key *key, const void *bytes, size_t size,
	const uint8_t *signature, size_t signature_size)
{
	bool eddsa = key->algorithm == LEASE_EDDSA;
	size_t expected = eddsa ? ED25519_SIGNATURE_SIZE : (size_t)EVP_PKEY_get_size(key->handle);
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	bool good = context != NULL && signature_size == expected &&
		EVP_DigestVerifyInit(context, NULL, eddsa ? NULL : EVP_sha256(), NULL, key->handle) == 1 &&
		EVP_DigestVerify(context, signature, signature_size, bytes, size) == 1;
	EVP_MD_CTX_free(context);
	return good;
}

bool lease_key_sign(
	const struct lease_key *key, const void *bytes, size_t size, uint8_t signature[64])
{
	size_t signature_size = ED25519_SIGNATURE_SIZE;
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	bool good = context != NULL && key->private &&
		EVP_DigestSignInit(context, NULL, NULL, NULL, key->handle) == 1 &&
		EVP_DigestSign(context, signature, &signature_size, bytes, size) == 1;
	EVP_MD_CTX_free(context);
	return good;
}
