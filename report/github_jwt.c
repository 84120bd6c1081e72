/* SPDX-License-Identifier: Apache-2.0 */
#include "report/github_jwt.h"

#include "base/base64.h"
#include "base/file.h"
#include "base/json.h"
#include "base/memory.h"

#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

enum {
	KEY_BYTES_MAX = 64 * 1024,
	KEY_BITS_MIN = 2048,
	BACK_S = 60,
	/* With BACK_S the ten minutes that GitHub allows. */
	AHEAD_S = 540,
};

static EVP_PKEY *read_key(const char *path, struct lane_error *err)
{
	BASE_BUFFER_AUTO pem = BASE_BUFFER_INIT;
	LANE_ERROR_AUTO cause = LANE_ERROR_INIT;
	if (!base_file_read(path, KEY_BYTES_MAX, &pem, &cause)) {
		lane_error_set(err, "GITHUB_APP_KEY", "%s", lane_error_message(&cause));
		return NULL;
	}
	/* Without one OpenSSL would ask the terminal. */
	char password[] = "";
	BIO *bio = BIO_new_mem_buf(pem.data, (int)pem.size);
	EVP_PKEY *key = bio ? PEM_read_bio_PrivateKey(bio, NULL, NULL, password) : NULL;
	BIO_free(bio);
	OPENSSL_cleanse(pem.data, pem.size);
	/* What OpenSSL has to say names its own functions. */
	ERR_clear_error();
	if (!key) {
		lane_error_set(err, "GITHUB_APP_KEY", "%s: no private key in PEM without a password", path);
		return NULL;
	}
	if (EVP_PKEY_base_id(key) != EVP_PKEY_RSA || EVP_PKEY_bits(key) < KEY_BITS_MIN) {
		lane_error_set(
			err, "GITHUB_APP_KEY", "%s: no RSA key of %d bits or more", path, KEY_BITS_MIN);
		EVP_PKEY_free(key);
		return NULL;
	}
	return key;
}

/* RFC 7515: the URL-safe alphabet without padding. */
static void add_part(struct base_buffer *out, const void *bytes, size_t size)
{
	size_t start = out->size;
	base_base64_encode(bytes, size, out);
	while (out->size > start && out->data[out->size - 1] == '=') {
		out->data[--out->size] = '\0';
	}
	for (char *at = out->data + start; *at; at++) {
		*at = *at == '+' ? '-' : *at == '/' ? '_' : *at;
	}
}

static void add_claims(struct base_buffer *out, const char *app, uint64_t now_s)
{
	BASE_JSON_FREE cJSON *claims = base_json_new_object();
	base_json_add_number(claims, "iat", (double)(now_s - BACK_S));
	base_json_add_number(claims, "exp", (double)(now_s + AHEAD_S));
	base_json_add_string(claims, "iss", app);
	BASE_BUFFER_AUTO text = BASE_BUFFER_INIT;
	base_json_write(claims, 0, &text);
	add_part(out, text.data, text.size);
}

static bool add_signature(struct base_buffer *token, EVP_PKEY *key)
{
	unsigned char signature[1024];
	size_t size = sizeof(signature);
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	bool good = context && EVP_DigestSignInit(context, NULL, EVP_sha256(), NULL, key) == 1 &&
		EVP_DigestSign(
			context, signature, &size, (const unsigned char *)token->data, token->size) == 1;
	EVP_MD_CTX_free(context);
	ERR_clear_error();
	if (good) {
		base_buffer_add_text(token, ".");
		add_part(token, signature, size);
	}
	return good;
}

char *github_jwt_create(
	const char *app, const char *key_path, uint64_t now_s, struct lane_error *err)
{
	static const char header[] = "{\"alg\":\"RS256\",\"typ\":\"JWT\"}";
	EVP_PKEY *key = read_key(key_path, err);
	if (!key) {
		return NULL;
	}
	BASE_BUFFER_AUTO token = BASE_BUFFER_INIT;
	add_part(&token, header, sizeof(header) - 1);
	base_buffer_add_text(&token, ".");
	add_claims(&token, app, now_s);
	bool done = add_signature(&token, key);
	EVP_PKEY_free(key);
	if (!done) {
		lane_error_set(err, "GITHUB_APP_KEY", "%s: OpenSSL signs nothing with it", key_path);
		return NULL;
	}
	return base_buffer_steal(&token);
}
