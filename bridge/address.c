/* SPDX-License-Identifier: Apache-2.0 */
#include "bridge/address.h"

#include "base/memory.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct {
	const char *prefix;
	enum bridge_transport transport;
	/** What an address of this kind looks like. */
	const char *form;
} kinds[] = {
	{"tcp:", BRIDGE_TCP, "tcp:127.0.0.1:PORT and tcp:[::1]:PORT are"},
	{"tls:", BRIDGE_TLS, "tls:HOST:PORT and tls:[ADDRESS]:PORT are"},
};

static bool parse_path(const char *text, struct bridge_address *address, struct lane_error *err)
{
	bool prefixed = strncmp(text, "unix:", 5) == 0;
	const char *path = prefixed ? text + 5 : text;
	if (*path == '\0' || (!prefixed && strchr(path, '/') == NULL)) {
		return lane_error_set(err, "USAGE",
			"'%s' is no address: unix:PATH, tcp:HOST:PORT and tls:HOST:PORT are", text);
	}
	size_t size = strlen(path) + 1;
	if (size > sizeof(address->path)) {
		return lane_error_set(err, "USAGE", "%s: a socket path has at most %zu bytes", path,
			sizeof(address->path) - 1);
	}
	memcpy(address->path, path, size);
	return true;
}

static bool port_valid(const char *port)
{
	size_t size = strlen(port);
	return strspn(port, "0123456789") == size && size < BRIDGE_PORT_SIZE &&
		strtoul(port, NULL, 10) - 1 < UINT16_MAX;
}

/** Splits "HOST:PORT"; false when it is not that. */
static bool split(const char *text, struct bridge_address *address)
{
	const char *colon = strrchr(text, ':');
	size_t size = colon != NULL ? (size_t)(colon - text) : 0;
	address->six = size > 2 && text[0] == '[' && text[size - 1] == ']';
	if (address->six) {
		text++;
		size -= 2;
	}
	if (size == 0 || size >= sizeof(address->host) || !port_valid(colon + 1)) {
		return false;
	}
	memcpy(address->host, text, size);
	memcpy(address->port, colon + 1, strlen(colon + 1) + 1);
	/* A name has no colon: ::1 without its brackets would be taken for a host and a port. */
	return address->six || strchr(address->host, ':') == NULL;
}

bool bridge_address_parse(const char *text, struct bridge_address *address, struct lane_error *err)
{
	*address = (struct bridge_address){.transport = BRIDGE_UNIX};
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		size_t prefix = strlen(kinds[i].prefix);
		if (strncmp(text, kinds[i].prefix, prefix) == 0) {
			address->transport = kinds[i].transport;
			return split(text + prefix, address) ||
				lane_error_set(err, "USAGE", "'%s' is no address: %s", text, kinds[i].form);
		}
	}
	return parse_path(text, address, err);
}

bool bridge_address_is_loopback(const struct sockaddr *address)
{
	if (address->sa_family == AF_INET) {
		const struct sockaddr_in *four = (const struct sockaddr_in *)(const void *)address;
		return ntohl(four->sin_addr.s_addr) >> 24 == IN_LOOPBACKNET;
	}
	const struct sockaddr_in6 *six = (const struct sockaddr_in6 *)(const void *)address;
	return address->sa_family == AF_INET6 && IN6_IS_ADDR_LOOPBACK(&six->sin6_addr);
}

bool bridge_address_resolve(const struct bridge_address *address, bool names,
	struct sockaddr_storage *place, socklen_t *size, struct lane_error *err)
{
	const struct addrinfo hints = {
		.ai_family = address->six ? AF_INET6
			: names               ? AF_UNSPEC
								  : AF_INET,
		.ai_socktype = SOCK_STREAM,
		.ai_flags = AI_NUMERICSERV | (names && !address->six ? 0 : AI_NUMERICHOST),
	};
	BASE_FREE char *text = bridge_address_text(address);
	struct addrinfo *found = NULL;
	int status = getaddrinfo(address->host, address->port, &hints, &found);
	if (status != 0 && (hints.ai_flags & AI_NUMERICHOST) != 0) {
		return lane_error_set(err, "USAGE", "'%s' is no address: it has to be numeric", text);
	}
	if (status != 0) {
		return lane_error_set(err, "BRIDGE_UNREACHABLE", "%s: %s", text, gai_strerror(status));
	}
	memcpy(place, found->ai_addr, found->ai_addrlen);
	*size = found->ai_addrlen;
	freeaddrinfo(found);
	return address->transport == BRIDGE_TLS ||
		bridge_address_is_loopback((const struct sockaddr *)place) ||
		lane_error_set(err, "USAGE",
			"%s: without encryption only addresses of this machine (127.0.0.0/8, [::1])", text);
}

char *bridge_address_text(const struct bridge_address *address)
{
	if (address->transport == BRIDGE_UNIX) {
		return base_format("unix:%s", address->path);
	}
	return base_format(address->six ? "%s:[%s]:%s" : "%s:%s:%s",
		bridge_transport_name(address->transport), address->host, address->port);
}

const char *bridge_transport_name(enum bridge_transport transport)
{
	static const char *const names[BRIDGE_TRANSPORTS] = {"unix", "tcp", "tls"};
	return names[transport];
}

char *bridge_address_default(struct lane_error *err)
{
	if (geteuid() == 0) {
		return base_strdup("unix:/run/gpu-lane/bridge.sock");
	}
	const char *runtime = getenv("XDG_RUNTIME_DIR");
	if (runtime == NULL || runtime[0] != '/') {
		lane_error_set(
			err, "USAGE", "XDG_RUNTIME_DIR is not set: an address is needed (unix:PATH)");
		return NULL;
	}
	return base_format("unix:%s/gpu-lane/bridge.sock", runtime);
}
