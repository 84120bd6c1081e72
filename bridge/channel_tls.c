/* SPDX-License-Identifier: Apache-2.0 */
#include "bridge/channel.h"

#include "base/buffer.h"
#include "base/memory.h"

#include <arpa/inet.h>
#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

enum {
	/** Certificates between one of the other end and one that is trusted. */
	CHAIN_MAX = 4,
	/** Bytes of certificates that the other end may send before we know who it is. */
	CERTIFICATES_MAX = 32 << 10,
	/** Names taken from one certificate. */
	NAMES_MAX = 64,
	/** Files in a struct bridge_tls_files. */
	FILES = 4,
};

struct bridge_tls {
	/** Owned; NULL where none was given. */
	struct bridge_tls_files files;
	bool listener;
	/** Each channel has a share of the one that it was opened with. */
	SSL_CTX *context;
	/** A socket that neither blocks nor raises SIGPIPE, which OpenSSL's own may do. */
	BIO_METHOD *socket;
};

static int socket_fd(BIO *bio)
{
	return (int)(intptr_t)BIO_get_data(bio);
}

static int socket_read(BIO *bio, char *bytes, int size)
{
	ssize_t count = recv(socket_fd(bio), bytes, (size_t)size, MSG_DONTWAIT);
	BIO_clear_retry_flags(bio);
	if (count < 0 && (errno == EAGAIN || errno == EINTR)) {
		BIO_set_retry_read(bio);
	} else if (count == 0) {
		BIO_set_flags(bio, BIO_FLAGS_IN_EOF);
	}
	return (int)count;
}

static int socket_write(BIO *bio, const char *bytes, int size)
{
	ssize_t count = send(socket_fd(bio), bytes, (size_t)size, MSG_NOSIGNAL | MSG_DONTWAIT);
	BIO_clear_retry_flags(bio);
	if (count < 0 && (errno == EAGAIN || errno == EINTR)) {
		BIO_set_retry_write(bio);
	}
	return (int)count;
}

static long socket_control(BIO *bio, int command, long number, void *pointer)
{
	(void)number;
	(void)pointer;
	if (command == BIO_CTRL_EOF) {
		return BIO_test_flags(bio, BIO_FLAGS_IN_EOF) != 0;
	}
	return command == BIO_CTRL_FLUSH;
}

static bool make_socket(struct bridge_tls *tls)
{
	int index = BIO_get_new_index();
	tls->socket = index > 0 ? BIO_meth_new(index | BIO_TYPE_SOURCE_SINK, "gpu-lane socket") : NULL;
	return tls->socket != NULL && BIO_meth_set_read(tls->socket, socket_read) == 1 &&
		BIO_meth_set_write(tls->socket, socket_write) == 1 &&
		BIO_meth_set_ctrl(tls->socket, socket_control) == 1;
}

/** Of the last thing that OpenSSL did not like. Always false. */
static bool refuse(const char *path, const char *what, struct lane_error *err)
{
	const char *reason = ERR_reason_error_string(ERR_peek_last_error());
	lane_error_set(err, "USAGE", "%s: %s: %s", path, what, reason != NULL ? reason : "not usable");
	ERR_clear_error();
	return false;
}

static bool load_own(SSL_CTX *context, const struct bridge_tls_files *files, struct lane_error *err)
{
	if (files->certificate == NULL && files->key == NULL) {
		return true;
	}
	if (files->certificate == NULL || files->key == NULL) {
		return lane_error_set(err, "USAGE", "%s: a certificate and its key go together",
			files->certificate != NULL ? files->certificate : files->key);
	}
	if (SSL_CTX_use_certificate_chain_file(context, files->certificate) != 1) {
		return refuse(files->certificate, "no PEM certificate", err);
	}
	if (SSL_CTX_use_PrivateKey_file(context, files->key, SSL_FILETYPE_PEM) != 1) {
		return refuse(files->key, "no key of this certificate", err);
	}
	return true;
}

static bool load_revoked(SSL_CTX *context, const char *path, struct lane_error *err)
{
	X509_STORE *store = SSL_CTX_get_cert_store(context);
	X509_LOOKUP *lookup = X509_STORE_add_lookup(store, X509_LOOKUP_file());
	return (lookup != NULL && X509_load_crl_file(lookup, path, X509_FILETYPE_PEM) > 0 &&
			   X509_STORE_set_flags(store, X509_V_FLAG_CRL_CHECK) == 1) ||
		refuse(path, "no PEM list of revoked certificates", err);
}

static bool load_trust(
	SSL_CTX *context, const struct bridge_tls_files *files, bool listener, struct lane_error *err)
{
	if (files->authority == NULL) {
		if (!listener) {
			SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
			return SSL_CTX_set_default_verify_paths(context) == 1 ||
				refuse("system", "no trusted certificates", err);
		}
		return true;
	}
	SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
	if (SSL_CTX_load_verify_file(context, files->authority) != 1) {
		return refuse(files->authority, "no PEM certificates", err);
	}
	STACK_OF(X509_NAME) *names = listener ? SSL_load_client_CA_file(files->authority) : NULL;
	SSL_CTX_set_client_CA_list(context, names);
	return files->revoked == NULL || load_revoked(context, files->revoked, err);
}

static bool limit(SSL_CTX *context)
{
	SSL_CTX_set_options(context,
		SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_NO_TICKET |
			SSL_OP_CIPHER_SERVER_PREFERENCE |
			/* A message says its own length: nothing is lost in an end that was cut off. */
			SSL_OP_IGNORE_UNEXPECTED_EOF);
	SSL_CTX_set_mode(context,
		SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
			SSL_MODE_RELEASE_BUFFERS);
	/* A session that is taken up again would skip the look at the certificate. */
	SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_verify_depth(context, CHAIN_MAX);
	SSL_CTX_set_max_cert_list(context, CERTIFICATES_MAX);
	return SSL_CTX_set_num_tickets(context, 0) == 1 &&
		SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) == 1 &&
		SSL_CTX_set_cipher_list(context, "ECDHE+AESGCM:ECDHE+CHACHA20") == 1;
}

/** NULL with the error. */
static SSL_CTX *make_context(
	const struct bridge_tls_files *files, bool listener, struct lane_error *err)
{
	SSL_CTX *context = SSL_CTX_new(listener ? TLS_server_method() : TLS_client_method());
	if (context == NULL || !limit(context)) {
		lane_error_set(err, "LISTEN_FAILED", "OpenSSL cannot be set up for TLS");
	} else if (load_own(context, files, err) && load_trust(context, files, listener, err)) {
		return context;
	}
	SSL_CTX_free(context);
	return NULL;
}

static char *copy_path(const char *path)
{
	return path != NULL ? base_strdup(path) : NULL;
}

struct bridge_tls *bridge_tls_create(
	const struct bridge_tls_files *files, bool listener, struct lane_error *err)
{
	struct bridge_tls *tls = base_alloc(1, sizeof(*tls));
	*tls = (struct bridge_tls){
		.files = {copy_path(files->certificate), copy_path(files->key), copy_path(files->authority),
			copy_path(files->revoked)},
		.listener = listener,
	};
	if (!make_socket(tls)) {
		lane_error_set(err, "LISTEN_FAILED", "OpenSSL cannot be set up for TLS");
	} else {
		tls->context = make_context(&tls->files, listener, err);
	}
	if (tls->context == NULL) {
		bridge_tls_destroy(tls);
		return NULL;
	}
	return tls;
}

const char *bridge_tls_file(const struct bridge_tls *tls, size_t index)
{
	const struct bridge_tls_files *files = &tls->files;
	const char *const all[FILES] = {
		files->certificate, files->key, files->authority, files->revoked};
	for (size_t i = 0; i < FILES; i++) {
		if (all[i] != NULL && index-- == 0) {
			return all[i];
		}
	}
	return NULL;
}

bool bridge_tls_reload(struct bridge_tls *tls, struct lane_error *err)
{
	SSL_CTX *context = make_context(&tls->files, tls->listener, err);
	if (context == NULL) {
		return false;
	}
	SSL_CTX_free(tls->context);
	tls->context = context;
	return true;
}

int64_t bridge_tls_expires_s(const struct bridge_tls *tls)
{
	struct tm time = {.tm_year = 0};
	ASN1_TIME_to_tm(X509_get0_notAfter(SSL_CTX_get0_certificate(tls->context)), &time);
	return timegm(&time);
}

void bridge_tls_destroy(struct bridge_tls *tls)
{
	if (tls != NULL) {
		SSL_CTX_free(tls->context);
		BIO_meth_free(tls->socket);
		free((char *)(uintptr_t)tls->files.certificate);
		free((char *)(uintptr_t)tls->files.key);
		free((char *)(uintptr_t)tls->files.authority);
		free((char *)(uintptr_t)tls->files.revoked);
		free(tls);
	}
}

/** Whose certificate a client wants to see: a name, which it sends along, or an address. */
static bool expect_host(SSL *ssl, const char *host)
{
	uint8_t address[sizeof(struct in6_addr)];
	if (inet_pton(AF_INET, host, address) == 1 || inet_pton(AF_INET6, host, address) == 1) {
		return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host) == 1;
	}
	return SSL_set1_host(ssl, host) == 1 && SSL_set_tlsext_host_name(ssl, host) == 1;
}

static SSL *open_ssl(int fd, struct bridge_tls *tls, const char *host)
{
	SSL *ssl = SSL_new(tls->context);
	BIO *bio = ssl != NULL ? BIO_new(tls->socket) : NULL;
	if (bio == NULL || (host != NULL && !expect_host(ssl, host))) {
		/* What OpenSSL needs here is memory and nothing else. */
		base_memory_exhausted();
	}
	BIO_set_data(bio, (void *)(intptr_t)fd);
	BIO_set_init(bio, 1);
	SSL_set_bio(ssl, bio, bio);
	if (host != NULL) {
		SSL_set_connect_state(ssl);
	} else {
		SSL_set_accept_state(ssl);
	}
	return ssl;
}

struct bridge_channel bridge_channel_open(int fd, struct bridge_tls *tls, const char *host)
{
	struct bridge_channel channel = bridge_channel_plain(fd);
	if (tls != NULL) {
		channel.ssl = open_ssl(fd, tls, host);
		channel.shaking = true;
		channel.receive_waits = host != NULL ? POLLOUT : POLLIN;
	}
	return channel;
}

static bool printable(const char *text, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		if (text[i] < ' ' || text[i] > '~') {
			return false;
		}
	}
	return size > 0;
}

/** Adds "kind:text" and its NUL. */
static void add_name(
	struct base_buffer *names, size_t *count, const char *kind, const char *text, size_t size)
{
	if (printable(text, size) && *count < NAMES_MAX) {
		base_buffer_print(names, "%s:%.*s", kind, (int)size, text);
		base_buffer_add(names, "", 1);
		(*count)++;
	}
}

static void add_alternatives(X509 *certificate, struct base_buffer *names, size_t *count)
{
	GENERAL_NAMES *list = X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
	for (int i = 0; i < sk_GENERAL_NAME_num(list); i++) {
		const GENERAL_NAME *one = sk_GENERAL_NAME_value(list, i);
		const char *kind = one->type == GEN_DNS ? "dns"
			: one->type == GEN_URI              ? "uri"
			: one->type == GEN_EMAIL            ? "email"
												: NULL;
		if (kind != NULL) {
			add_name(names, count, kind, (const char *)ASN1_STRING_get0_data(one->d.ia5),
				(size_t)ASN1_STRING_length(one->d.ia5));
		}
	}
	GENERAL_NAMES_free(list);
}

static void add_subject(const X509 *certificate, struct base_buffer *names, size_t *count)
{
	BIO *text = BIO_new(BIO_s_mem());
	char *bytes = NULL;
	if (text != NULL &&
		X509_NAME_print_ex(text, X509_get_subject_name(certificate), 0, XN_FLAG_RFC2253) >= 0) {
		long size = BIO_get_mem_data(text, &bytes);
		add_name(names, count, "subject", bytes, (size_t)size);
	}
	BIO_free(text);
}

static void add_digest(const X509 *certificate, struct base_buffer *names, size_t *count)
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned size = 0;
	char text[2 * EVP_MAX_MD_SIZE + 1] = "";
	if (X509_digest(certificate, EVP_sha256(), digest, &size) == 1) {
		for (unsigned i = 0; i < size; i++) {
			snprintf(text + (size_t)2 * i, 3, "%02x", digest[i]);
		}
	}
	add_name(names, count, "sha256", text, strlen(text));
}

/** An array of pointers with the strings behind it. */
static const char **pack(const struct base_buffer *names, size_t count)
{
	size_t head = (count + 1) * sizeof(char *);
	const char **array = base_alloc(1, head + names->size);
	char *strings = (char *)array + head;
	if (names->size > 0) {
		memcpy(strings, names->data, names->size);
	}
	for (size_t i = 0; i < count; i++) {
		array[i] = strings;
		strings += strlen(strings) + 1;
	}
	return array;
}

const char **bridge_channel_names(const struct bridge_channel *channel, size_t *count)
{
	BASE_BUFFER_AUTO names = BASE_BUFFER_INIT;
	*count = 0;
	X509 *certificate = channel->ssl != NULL ? SSL_get1_peer_certificate(channel->ssl) : NULL;
	if (certificate != NULL && SSL_get_verify_result(channel->ssl) == X509_V_OK) {
		add_alternatives(certificate, &names, count);
		add_subject(certificate, &names, count);
		add_digest(certificate, &names, count);
	}
	X509_free(certificate);
	return pack(&names, *count);
}
