/* SPDX-License-Identifier: Apache-2.0 */
#include "cmocka_names.h"

#include "base/file.h"
#include "base/memory.h"
#include "lease/policy.h"

#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/** Seconds since the epoch, for all tickets here. */
enum { NOW_S = 1700000000 };

#define ISSUER "https://token.actions.githubusercontent.com"

struct bed {
	char folder[64];
	struct lease_key ours;
	EVP_PKEY *theirs;
	struct lease_policy *policy;
};

static char *encoded(const void *bytes, size_t size)
{
	BASE_BUFFER_AUTO text = BASE_BUFFER_INIT;
	lease_base64url_encode(bytes, size, &text);
	return base_buffer_steal(&text);
}

static char *rsa_number(EVP_PKEY *key, const char *name)
{
	BIGNUM *number = NULL;
	uint8_t bytes[1024];
	assert_int_equal(EVP_PKEY_get_bn_param(key, name, &number), 1);
	int size = BN_bn2bin(number, bytes);
	BN_free(number);
	return encoded(bytes, (size_t)size);
}

static void put(const struct bed *bed, const char *name, const char *text)
{
	BASE_FREE char *path = base_format("%s/%s", bed->folder, name);
	assert_true(base_file_write(path, text, strlen(text), NULL));
}

static struct lease_policy *load(const struct bed *bed, struct lane_error *err)
{
	BASE_FREE char *path = base_format("%s/policy.json", bed->folder);
	return lease_policy_load(path, err);
}

static const char policy_text[] =
	"{\"schema\":\"gpu-lane-policy/v1\",\"keys\":[\"ours.jwk\"],\n"
	"\"issuers\":[{\"issuer\":\"" ISSUER "\",\"audience\":\"gpu-lane\",\"jwks\":\"jwks.json\",\n"
	"\"rules\":[{\"match\":{\"repository\":\"octo/lane\",\"ref\":\"refs/heads/main\"},\n"
	"\"role\":\"worker-gpu\",\"gpus\":[\"GPU-0\"],\"max\":{\"mem_mb\":1024}}]}],\n"
	"\"users\":[{\"uid\":1000,\"subject\":\"alice\",\"role\":\"observer\"}]}";

static int setup(void **state)
{
	struct bed *bed = base_alloc(1, sizeof(*bed));
	snprintf(bed->folder, sizeof(bed->folder), "/tmp/lease-ticket-XXXXXX");
	assert_non_null(mkdtemp(bed->folder));
	assert_true(lease_key_generate(&bed->ours, NULL));
	free(bed->ours.id);
	bed->ours.id = base_strdup("ours");
	BASE_JSON_FREE cJSON *jwk = lease_key_to_json(&bed->ours, false);
	BASE_BUFFER_AUTO text = BASE_BUFFER_INIT;
	base_json_write(jwk, 2, &text);
	put(bed, "ours.jwk", text.data);
	bed->theirs = EVP_RSA_gen(2048);
	BASE_FREE char *n = rsa_number(bed->theirs, "n");
	BASE_FREE char *e = rsa_number(bed->theirs, "e");
	BASE_FREE char *jwks =
		base_format("{\"keys\":[{\"kty\":\"RSA\",\"use\":\"sig\",\"kid\":\"theirs\","
					"\"alg\":\"RS256\",\"n\":\"%s\",\"e\":\"%s\"}]}",
			n, e);
	put(bed, "jwks.json", jwks);
	put(bed, "policy.json", policy_text);
	LANE_ERROR_AUTO err = LANE_ERROR_INIT;
	bed->policy = load(bed, &err);
	assert_string_equal(err.code, "");
	*state = bed;
	return 0;
}

static int teardown(void **state)
{
	struct bed *bed = *state;
	static const char *const names[] = {"ours.jwk", "jwks.json", "policy.json"};
	for (size_t i = 0; i < 3; i++) {
		BASE_FREE char *path = base_format("%s/%s", bed->folder, names[i]);
		unlink(path);
	}
	rmdir(bed->folder);
	lease_policy_destroy(bed->policy);
	lease_key_finish(&bed->ours);
	EVP_PKEY_free(bed->theirs);
	free(bed);
	return 0;
}

/** How a token is signed. */
enum by { BY_OURS, BY_THEIRS, BY_NOBODY };

static char *sign(const struct bed *bed, enum by by, const char *header, const char *claims)
{
	BASE_FREE char *first = encoded(header, strlen(header));
	BASE_FREE char *second = encoded(claims, strlen(claims));
	BASE_FREE char *input = base_format("%s.%s", first, second);
	uint8_t signature[512];
	size_t size = 64;
	if (by == BY_OURS) {
		assert_true(lease_key_sign(&bed->ours, input, strlen(input), signature));
	} else if (by == BY_THEIRS) {
		EVP_MD_CTX *context = EVP_MD_CTX_new();
		size = sizeof(signature);
		EVP_DigestSignInit(context, NULL, EVP_sha256(), NULL, bed->theirs);
		EVP_DigestSign(context, signature, &size, (const uint8_t *)input, strlen(input));
		EVP_MD_CTX_free(context);
	} else {
		size = 0;
	}
	BASE_FREE char *third = encoded(signature, size);
	return base_format("%s.%s", input, third);
}

static bool accepted(const struct bed *bed, const char *token, size_t size)
{
	struct lease_rights rights;
	bool good = lease_policy_ticket(bed->policy, token, size, NOW_S, &rights, NULL);
	lease_rights_finish(&rights);
	return good;
}

#define HEADER "{\"alg\":\"EdDSA\",\"kid\":\"ours\",\"typ\":\"JWT\"}"
#define THEIR_HEADER "{\"alg\":\"RS256\",\"kid\":\"theirs\",\"typ\":\"JWT\",\"x5t\":\"AbC\"}"
#define TIMES "\"iat\":1699999990,\"nbf\":1699999990,\"exp\":1700000600"
#define BODY "\"sub\":\"ci\",\"role\":\"worker-gpu\",\"jti\":\"t-1\","
#define AUD "\"aud\":\"gpu-lane-bridge\","
#define CLAIMS "{" BODY AUD TIMES "}"
#define THEIR_CLAIMS                                                                                 \
	"{\"iss\":\"" ISSUER "\",\"sub\":\"repo:octo/lane:ref:refs/heads/main\",\"aud\":\"gpu-lane\","   \
	"\"repository\":\"octo/lane\",\"ref\":\"refs/heads/main\",\"run_id\":\"7\",\"jti\":\"j\"," TIMES \
	"}"

static void good_tickets_are_accepted(void **state)
{
	struct bed *bed = *state;
	struct lease_rights rights;
	LANE_ERROR_AUTO err = LANE_ERROR_INIT;
	BASE_FREE char *own = sign(
		bed, BY_OURS, HEADER, "{" BODY AUD TIMES ",\"gpus\":[\"GPU-1\"],\"max\":{\"ttl_s\":60}}");
	assert_true(lease_policy_ticket(bed->policy, own, strlen(own), NOW_S, &rights, &err));
	assert_string_equal(rights.subject, "worker-gpu:ci");
	assert_string_equal(rights.ticket, "t-1");
	assert_int_equal(rights.max.ttl_s, 60);
	assert_int_equal(rights.max.mem_mb, UINT32_MAX);
	assert_true(lease_rights_cover_gpu(&rights, "GPU-1"));
	assert_false(lease_rights_cover_gpu(&rights, "GPU-0"));
	assert_int_equal(rights.expires_s, 1700000600);
	lease_rights_finish(&rights);
	BASE_FREE char *issued = sign(bed, BY_THEIRS, THEIR_HEADER, THEIR_CLAIMS);
	assert_true(lease_policy_ticket(bed->policy, issued, strlen(issued), NOW_S, &rights, &err));
	assert_string_equal(rights.subject, "worker-gpu:repo:octo/lane:ref:refs/heads/main");
	assert_int_equal(rights.max.mem_mb, 1024);
	lease_rights_finish(&rights);
	BASE_FREE char *listed =
		sign(bed, BY_OURS, HEADER, "{" BODY "\"aud\":[\"gpu-lane-bridge\"]," TIMES "}");
	assert_true(accepted(bed, listed, strlen(listed)));
	assert_true(lease_policy_user(bed->policy, 1000, &rights));
	assert_string_equal(rights.subject, "observer:alice");
	lease_rights_finish(&rights);
	assert_false(lease_policy_user(bed->policy, 1001, &rights));
}

/** H42 of the hostile input list. */
static void bad_tickets_are_refused(void **state)
{
	struct bed *bed = *state;
	static const struct {
		const char *what;
		enum by by;
		const char *header, *claims;
	} cases[] = {
		{"alg none", BY_NOBODY, "{\"alg\":\"none\",\"kid\":\"ours\"}", CLAIMS},
		{"alg None, signed", BY_OURS, "{\"alg\":\"None\",\"kid\":\"ours\"}", CLAIMS},
		{"alg missing", BY_OURS, "{\"kid\":\"ours\"}", CLAIMS},
		{"alg no string", BY_OURS, "{\"alg\":1,\"kid\":\"ours\"}", CLAIMS},
		{"alg twice", BY_OURS, "{\"alg\":\"EdDSA\",\"alg\":\"EdDSA\",\"kid\":\"ours\"}", CLAIMS},
		{"alg HS256", BY_OURS, "{\"alg\":\"HS256\",\"kid\":\"ours\"}", CLAIMS},
		{"RS256 with our key", BY_OURS, "{\"alg\":\"RS256\",\"kid\":\"ours\"}", CLAIMS},
		{"EdDSA with their key", BY_OURS, "{\"alg\":\"EdDSA\",\"kid\":\"theirs\"}", CLAIMS},
		{"our key, their signature", BY_THEIRS, HEADER, CLAIMS},
		{"their key, our signature", BY_OURS, THEIR_HEADER, THEIR_CLAIMS},
		{"crit", BY_OURS, "{\"alg\":\"EdDSA\",\"kid\":\"ours\",\"crit\":[\"exp\"]}", CLAIMS},
		{"jwk", BY_OURS, "{\"alg\":\"EdDSA\",\"kid\":\"ours\",\"jwk\":{}}", CLAIMS},
		{"jku", BY_OURS, "{\"alg\":\"EdDSA\",\"kid\":\"ours\",\"jku\":\"https://a\"}", CLAIMS},
		{"x5u", BY_OURS, "{\"alg\":\"EdDSA\",\"kid\":\"ours\",\"x5u\":\"https://a\"}", CLAIMS},
		{"x5c", BY_OURS, "{\"alg\":\"EdDSA\",\"kid\":\"ours\",\"x5c\":[]}", CLAIMS},
		{"kid absent", BY_OURS, "{\"alg\":\"EdDSA\"}", CLAIMS},
		{"kid unknown", BY_OURS, "{\"alg\":\"EdDSA\",\"kid\":\"other\"}", CLAIMS},
		{"kid a path", BY_OURS, "{\"alg\":\"EdDSA\",\"kid\":\"../ours\"}", CLAIMS},
		{"kid NUL", BY_OURS, "{\"alg\":\"EdDSA\",\"kid\":\"ours\\u0000\"}", CLAIMS},
		{"header an array", BY_OURS, "[]", CLAIMS},
		{"claims an array", BY_OURS, HEADER, "[]"},
		{"claims nested deep", BY_OURS, HEADER,
			"{\"a\":[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]}"},
		{"expired", BY_OURS, HEADER, "{" BODY AUD "\"iat\":1,\"exp\":1700000000}"},
		{"exp missing", BY_OURS, HEADER, "{" BODY AUD "\"iat\":1}"},
		{"exp string", BY_OURS, HEADER, "{" BODY AUD "\"iat\":1,\"exp\":\"1700000600\"}"},
		{"exp fraction", BY_OURS, HEADER, "{" BODY AUD "\"iat\":1,\"exp\":1700000600.5}"},
		{"exp negative", BY_OURS, HEADER, "{" BODY AUD "\"iat\":1,\"exp\":-1}"},
		{"exp 2^64-1", BY_OURS, HEADER, "{" BODY AUD "\"iat\":1,\"exp\":18446744073709551615}"},
		{"exp 1e400", BY_OURS, HEADER, "{" BODY AUD "\"iat\":1,\"exp\":1e400}"},
		{"nbf in the future", BY_OURS, HEADER,
			"{" BODY AUD "\"iat\":1,\"nbf\":1700000061,\"exp\":1700000600}"},
		{"iat in the future", BY_OURS, HEADER,
			"{" BODY AUD "\"iat\":1700000061,\"exp\":1700000600}"},
		{"iat missing", BY_OURS, HEADER, "{" BODY AUD "\"exp\":1700000600}"},
		{"aud missing", BY_OURS, HEADER, "{" BODY TIMES "}"},
		{"aud foreign", BY_OURS, HEADER, "{" BODY "\"aud\":\"other\"," TIMES "}"},
		{"aud of two", BY_OURS, HEADER,
			"{" BODY "\"aud\":[\"gpu-lane-bridge\",\"other\"]," TIMES "}"},
		{"iss in ours", BY_OURS, HEADER, "{\"iss\":\"" ISSUER "\"," BODY AUD TIMES "}"},
		{"claim twice", BY_OURS, HEADER, "{\"role\":\"observer\"," BODY AUD TIMES "}"},
		{"claim unknown", BY_OURS, HEADER, "{\"scope\":[]," BODY AUD TIMES "}"},
		{"role unknown", BY_OURS, HEADER,
			"{\"sub\":\"ci\",\"role\":\"root\",\"jti\":\"t\"," AUD TIMES "}"},
		{"sub with a line break", BY_OURS, HEADER,
			"{\"sub\":\"ci\\nx\",\"role\":\"queen\",\"jti\":\"t\"," AUD TIMES "}"},
		{"max over its range", BY_OURS, HEADER, "{\"max\":{\"streams\":256}," BODY AUD TIMES "}"},
		{"our claims by their key", BY_THEIRS, THEIR_HEADER, CLAIMS},
		{"their claims by our key", BY_OURS, HEADER, THEIR_CLAIMS},
		{"another issuer", BY_THEIRS, THEIR_HEADER,
			"{\"iss\":\"https://evil\",\"sub\":\"s\",\"aud\":\"gpu-lane\",\"repository\":\"octo/lane\","
			"\"ref\":\"refs/heads/main\"," TIMES "}"},
		{"another repository", BY_THEIRS, THEIR_HEADER,
			"{\"iss\":\"" ISSUER
			"\",\"sub\":\"s\",\"aud\":\"gpu-lane\",\"repository\":\"evil/lane\","
			"\"ref\":\"refs/heads/main\",\"role\":\"queen\"," TIMES "}"},
		{"claim of a rule not a string", BY_THEIRS, THEIR_HEADER,
			"{\"iss\":\"" ISSUER
			"\",\"sub\":\"s\",\"aud\":\"gpu-lane\",\"repository\":[\"octo/lane\"],"
			"\"ref\":\"refs/heads/main\"," TIMES "}"},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		BASE_FREE char *token = sign(bed, cases[i].by, cases[i].header, cases[i].claims);
		if (accepted(bed, token, strlen(token))) {
			fail_msg("accepted: %s", cases[i].what);
		}
	}
}

/** Cut at every byte, every bit of every byte flipped, another text around it. */
static void every_changed_byte_is_refused(void **state)
{
	struct bed *bed = *state;
	BASE_FREE char *token = sign(bed, BY_OURS, HEADER, CLAIMS);
	size_t size = strlen(token);
	assert_true(accepted(bed, token, size));
	for (size_t cut = 0; cut < size; cut++) {
		assert_false(accepted(bed, token, cut));
	}
	for (size_t bit = 0; bit < 8 * size; bit++) {
		token[bit / 8] ^= (char)(1 << (bit % 8));
		assert_false(accepted(bed, token, size));
		token[bit / 8] ^= (char)(1 << (bit % 8));
	}
	static const char *const around[] = {
		"%s.", ".%s", "%s.%s", "%s=", "%s==", " %s", "%s\n", "%s.e30"};
	for (size_t i = 0; i < sizeof(around) / sizeof(around[0]); i++) {
		const char *place = strstr(around[i], "%s");
		BASE_FREE char *text = base_format("%.*s%s%s", (int)(place - around[i]), around[i], token,
			place[2] == '.' && place[3] == '%' ? ".e30" : place + 2);
		assert_false(accepted(bed, text, strlen(text)));
	}
	BASE_FREE char *huge = base_alloc(1, 70000);
	memset(huge, 'A', 69999);
	assert_false(accepted(bed, huge, 69999));
}

/** S + L in place of S: the other scalar that gives the same point. */
static void a_malleable_signature_is_refused(void **state)
{
	static const uint8_t order[32] = {0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c,
		0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, [31] = 0x10};
	struct bed *bed = *state;
	uint8_t signature[64];
	assert_true(lease_key_sign(&bed->ours, "abc", 3, signature));
	assert_true(lease_key_verify(&bed->ours, "abc", 3, signature, 64));
	unsigned carry = 0;
	for (size_t i = 0; i < 32; i++) {
		carry += signature[32 + i] + order[i];
		signature[32 + i] = (uint8_t)carry;
		carry >>= 8;
	}
	assert_false(lease_key_verify(&bed->ours, "abc", 3, signature, 64));
}

static void check_vector(const char *jwk, const char *input, const char *signature)
{
	BASE_JSON_AUTO json = {.name = NULL};
	LANE_ERROR_AUTO err = LANE_ERROR_INIT;
	struct lease_key key;
	assert_true(base_json_parse("jwk", jwk, strlen(jwk), &json, &err));
	assert_true(lease_key_from_json(&json, json.root, &key, &err));
	BASE_BUFFER_AUTO bytes = BASE_BUFFER_INIT;
	assert_true(lease_base64url_decode(signature, strlen(signature), &bytes));
	const uint8_t *raw = (const uint8_t *)bytes.data;
	assert_true(lease_key_verify(&key, input, strlen(input), raw, bytes.size));
	assert_false(lease_key_verify(&key, input, strlen(input) - 1, raw, bytes.size));
	assert_false(lease_key_verify(&key, input, strlen(input), raw, bytes.size - 1));
	lease_key_finish(&key);
}

static void vectors_of_the_standards_hold(void **state)
{
	(void)state;
	/* RFC 8037, A.1 to A.4. */
	check_vector("{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"kid\":\"a\","
				 "\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\"}",
		"eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc",
		"hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg");
	/* RFC 7515, A.2. */
	check_vector(
		"{\"kty\":\"RSA\",\"kid\":\"b\",\"e\":\"AQAB\",\"n\":\"ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_"
		"wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_"
		"YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-"
		"UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_"
		"h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ\"}",
		"eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFt"
		"cGxlLmNvbS9pc19yb290Ijp0cnVlfQ",
		"cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_"
		"lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARN"
		"PvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-"
		"eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igc"
		"N_IoypGlUPQGe77Rw");
}

#define POLICY "{\"schema\":\"gpu-lane-policy/v1\","
#define ISSUER_OF(url)                                                                             \
	"{\"issuer\":\"i\",\"audience\":\"a\",\"jwks\":\"none.json\",\"jwks_url\":\"" url              \
	"\",\"rules\":[]}"

/** Who watches them reads the policy again, which fetches anew: a set that is fetched must not be
 * one. */
static void a_policy_names_its_files_but_those_that_are_fetched(void **state)
{
	static const char text[] = POLICY "\"issuers\":[" ISSUER_OF("https://example.com/keys") "]}";
	struct lease_policy *policy = lease_policy_parse("/etc/p.json", text, sizeof(text) - 1, NULL);
	assert_non_null(policy);
	assert_string_equal(lease_policy_file(policy, 0), "/etc/p.json");
	assert_null(lease_policy_file(policy, 1));
	lease_policy_destroy(policy);
	struct bed *bed = *state;
	for (size_t i = 0; i < 3; i++) {
		assert_non_null(lease_policy_file(bed->policy, i));
	}
	assert_null(lease_policy_file(bed->policy, 3));
}

/** A key set that is fetched anew replaces the keys that its issuer had, and no others. */
static void fetched_keys_replace_those_of_their_issuer(void **state)
{
	struct bed *bed = *state;
	BASE_FREE char *own = sign(bed, BY_OURS, HEADER, CLAIMS);
	BASE_FREE char *issued = sign(bed, BY_THEIRS, THEIR_HEADER, THEIR_CLAIMS);
	assert_true(accepted(bed, issued, strlen(issued)));
	/* What is no key set changes nothing. */
	LANE_ERROR_AUTO err = LANE_ERROR_INIT;
	put(bed, "jwks.json", "{\"keys\":[{\"kty\":\"EC\",\"kid\":\"a\"}]}");
	assert_false(lease_policy_reload(bed->policy, 0, &err));
	assert_non_null(strstr(lane_error_message(&err), "no key that can be used"));
	assert_true(accepted(bed, issued, strlen(issued)));
	/* A key that takes the kid of ours is passed over, and so is one of another kind. */
	struct lease_key key;
	assert_true(lease_key_generate(&key, NULL));
	BASE_JSON_FREE cJSON *jwk = lease_key_to_json(&key, false);
	lease_key_finish(&key);
	BASE_BUFFER_AUTO other = BASE_BUFFER_INIT;
	base_json_write(jwk, 0, &other);
	cJSON_ReplaceItemInObjectCaseSensitive(jwk, "kid", cJSON_CreateString("ours"));
	BASE_BUFFER_AUTO thief = BASE_BUFFER_INIT;
	base_json_write(jwk, 0, &thief);
	BASE_FREE char *set =
		base_format("{\"keys\":[{\"kty\":\"EC\"},%s,%s]}", thief.data, other.data);
	put(bed, "jwks.json", set);
	assert_true(lease_policy_reload(bed->policy, 0, &err));
	assert_false(accepted(bed, issued, strlen(issued)));
	assert_true(accepted(bed, own, strlen(own)));
	struct lease_rights rights;
	assert_false(lease_policy_ticket(bed->policy, issued, strlen(issued), NOW_S, &rights, &err));
	assert_string_equal(err.code, "TICKET_KEY_UNKNOWN");
	lease_rights_finish(&rights);
}

static void policies_are_read_strictly(void **state)
{
	struct bed *bed = *state;
	static const struct {
		const char *text, *says;
	} bad[] = {
		{"{\n\"schema\":\"gpu-lane-policy/v2\"}", "policy.json:1: "},
		{"{\"schema\":\"gpu-lane-policy/v1\",\n\"kyes\":[]}", "kyes"},
		{"{\"schema\":\"gpu-lane-policy/v1\",\"keys\":[\"missing.jwk\"]}", "missing.jwk"},
		{"{\"schema\":\"gpu-lane-policy/v1\",\"keys\":[\"ours.jwk\",\"ours.jwk\"]}", "two keys"},
		{"{\"schema\":\"gpu-lane-policy/v1\",\"keys\":[\"policy.json\"]}", "no key"},
		{"{\"schema\":\"gpu-lane-policy/v1\",\n\n\"users\":[{\"uid\":1,\"subject\":\"a b\","
		 "\"role\":\"queen\"}]}",
			"policy.json:3: "},
		{"{\"schema\":\"gpu-lane-policy/v1\",\"users\":[{\"uid\":-1,\"subject\":\"a\","
		 "\"role\":\"queen\"}]}",
			"uid"},
		{"{\"schema\":\"gpu-lane-policy/v1\",\"issuers\":[{\"issuer\":\"i\",\"audience\":\"a\","
		 "\"jwks\":\"jwks.json\",\"rules\":[{\"match\":{},\"role\":\"queen\"}]}]}",
			"matches everybody"},
		{POLICY "\"issuers\":[" ISSUER_OF("http://example.com/keys") "]}", "jwks_url is neither"},
		{POLICY "\"issuers\":[" ISSUER_OF("https://a@b/") "]}", "jwks_url is neither"},
		{POLICY "\"issuers\":[" ISSUER_OF("https://a") "," ISSUER_OF("https://b") "]}", "twice"},
		{POLICY "\"certificates\":[{\"name\":\"cn:a\",\"subject\":\"a\",\"role\":\"queen\"}]}",
			"name is none of dns:"},
		{POLICY "\"certificates\":[{\"name\":\"dns:\",\"subject\":\"a\",\"role\":\"queen\"}]}",
			"name is none of dns:"},
		{POLICY "\"quotas\":[{\"subject\":\"a\",\"leases\":0}]}", "leases"},
		{POLICY "\"quotas\":[{\"subject\":\"\",\"leases\":1}]}", "subject is empty"},
		{POLICY "\"sharing\":{\"age_s\":0}}", "age_s"},
		{POLICY "\"sharing\":{\"grace_s\":0}}", "grace_s"},
	};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		LANE_ERROR_AUTO err = LANE_ERROR_INIT;
		put(bed, "policy.json", bad[i].text);
		struct lease_policy *policy = load(bed, &err);
		assert_null(policy);
		if (strstr(lane_error_message(&err), bad[i].says) == NULL) {
			fail_msg("'%s' does not say '%s'", lane_error_message(&err), bad[i].says);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		NAMED_WITH("ticket@good-ones-are-accepted", good_tickets_are_accepted, setup, teardown),
		NAMED_WITH("hostile@H42-tickets-are-refused", bad_tickets_are_refused, setup, teardown),
		NAMED_WITH("hostile@H42-every-changed-byte-is-refused", every_changed_byte_is_refused,
			setup, teardown),
		NAMED_WITH(
			"hostile@H42-malleable-signature", a_malleable_signature_is_refused, setup, teardown),
		NAMED("ticket@vectors-of-the-standards-hold", vectors_of_the_standards_hold),
		NAMED_WITH("policy@fetched-keys-replace-those-of-their-issuer",
			fetched_keys_replace_those_of_their_issuer, setup, teardown),
		NAMED_WITH("policy@names-its-files-but-those-that-are-fetched",
			a_policy_names_its_files_but_those_that_are_fetched, setup, teardown),
		NAMED_WITH("policy@is-read-strictly", policies_are_read_strictly, setup, teardown),
	};
	return cmocka_run_group_tests_name("ticket", tests, NULL, NULL);
}
