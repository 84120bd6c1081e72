/* SPDX-License-Identifier: Apache-2.0 */
#include "bridge/guests.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define NS_PER_MS UINT64_C(1000000)

#define TELL_AGAIN_NS (10000 * NS_PER_MS)

/** Lines of /proc/9p/session/active; more are counted. */
enum { LISTED_MAX = 256 };

/** Where connections come from. */
struct bridge_place {
	struct bridge_place *next;
	uid_t uid;
	/** Of TCP; zero on a unix socket. */
	uint8_t address[16];
	size_t count;
	/** When the log last said that it is at its limit. */
	uint64_t told_ns;
};

struct bridge_guest {
	struct bridge_guests *guests;
	struct bridge_connection *connection;
	/** NULL for one that was adopted. */
	struct bridge_place *place;
	struct bridge_guest *next;
	uint64_t id, since_ns;
	enum bridge_transport transport;
	struct bridge_peer peer;
	bool closed;
};

static bool peer_of_unix(int fd, struct bridge_peer *peer, struct lane_error *err)
{
	struct ucred credentials = {.uid = (uid_t)-1};
	socklen_t size = sizeof(credentials);
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credentials, &size) < 0) {
		return lane_error_set_errno(err, "LISTEN_FAILED", errno, "no peer credentials");
	}
	peer->uid = credentials.uid;
	return true;
}

/** `key` is what counts as one place. */
static bool peer_of_inet(int fd, struct bridge_peer *peer, uint8_t key[16], struct lane_error *err)
{
	struct sockaddr_storage place = {.ss_family = AF_UNSPEC};
	socklen_t size = sizeof(place);
	peer->uid = (uid_t)-1;
	if (getpeername(fd, (struct sockaddr *)&place, &size) < 0) {
		return lane_error_set_errno(err, "LISTEN_FAILED", errno, "no peer address");
	}
	const struct sockaddr_in *four = (const struct sockaddr_in *)(const void *)&place;
	const struct sockaddr_in6 *six = (const struct sockaddr_in6 *)(const void *)&place;
	bool is_four = place.ss_family == AF_INET;
	const void *address = is_four ? (const void *)&four->sin_addr : (const void *)&six->sin6_addr;
	inet_ntop(place.ss_family, address, peer->address, sizeof(peer->address));
	if (bridge_address_is_loopback((const struct sockaddr *)&place)) {
		key[15] = 1;
	} else if (is_four) {
		memcpy(key, &four->sin_addr, sizeof(four->sin_addr));
	} else {
		memcpy(key, &six->sin6_addr, 8);
	}
	return true;
}

/** The place, which is made when nobody else is connected from there. */
static struct bridge_place *find_place(
	struct bridge_guests *guests, uid_t uid, const uint8_t address[16])
{
	for (struct bridge_place *place = guests->places; place != NULL; place = place->next) {
		if (place->uid == uid && memcmp(place->address, address, 16) == 0) {
			return place;
		}
	}
	struct bridge_place *place = base_alloc(1, sizeof(*place));
	place->uid = uid;
	memcpy(place->address, address, 16);
	place->next = guests->places;
	guests->places = place;
	return place;
}

static void leave_place(struct bridge_guests *guests, struct bridge_place *left)
{
	if (left == NULL || --left->count > 0) {
		return;
	}
	struct bridge_place **link = &guests->places;
	while (*link != left) {
		link = &(*link)->next;
	}
	*link = left->next;
	free(left);
}

static void connection_closed(void *context, struct bridge_connection *connection)
{
	(void)connection;
	struct bridge_guest *guest = context;
	guest->closed = true;
	guest->guests->some_closed = true;
	bridge_loop_hurry(guest->guests->loop);
}

static bool add(struct bridge_guests *guests, int fd, enum bridge_transport transport,
	const struct bridge_peer *peer, struct bridge_place *place, struct lane_error *err)
{
	struct bridge_channel channel =
		bridge_channel_open(fd, transport == BRIDGE_TLS ? guests->tls : NULL, NULL);
	struct bridge_guest *guest = base_alloc(1, sizeof(*guest));
	*guest = (struct bridge_guest){
		.guests = guests,
		.place = place,
		.id = ++guests->last_id,
		.since_ns = base_clock_boottime_ns(),
		.transport = transport,
		.peer = *peer,
	};
	guest->connection = bridge_connection_create(
		guests->loop, &channel, &guests->host, peer, connection_closed, guest, err);
	if (guest->connection == NULL) {
		free(guest);
		return false;
	}
	guest->next = guests->first;
	guests->first = guest;
	guests->count++;
	guests->opened[transport]++;
	return true;
}

/** Tells a client that has not said anything yet why nobody listens to it. Its Tversion has
 * NOTAG, so this answers it. */
static void turn_away(int fd, enum bridge_transport transport)
{
	const struct wire_message reply = {.type = WIRE_RLERROR, .tag = WIRE_NOTAG, .error = EUSERS};
	uint8_t frame[WIRE_READ_HEADER_SIZE];
	size_t size = wire_encode(&reply, frame, sizeof(frame));
	if (transport != BRIDGE_TLS) {
		/* A socket that does not take these few bytes belongs to nobody who waits for them. */
		ssize_t sent = send(fd, frame, size, MSG_NOSIGNAL | MSG_DONTWAIT);
		(void)sent;
	}
	close(fd);
}

/** Whether the log should say it again: who is refused comes back at once. */
static bool tells(uint64_t *told_ns)
{
	uint64_t now_ns = base_clock_boottime_ns();
	bool due = *told_ns == 0 || now_ns - *told_ns > TELL_AGAIN_NS;
	if (due) {
		*told_ns = now_ns;
	}
	return due;
}

/** Whether there is room for this one, which its place counts already; says why not. */
static bool has_room(
	struct bridge_guests *guests, struct bridge_place *place, const struct bridge_peer *peer)
{
	if (guests->count >= guests->max) {
		guests->refused[BRIDGE_REFUSED_FULL]++;
		if (tells(&guests->told_ns)) {
			base_log(BASE_LOG_WARNING, "%zu connections: more are refused", guests->count);
		}
		return false;
	}
	if (place->count <= guests->place_max) {
		return true;
	}
	guests->refused[BRIDGE_REFUSED_PLACE]++;
	if (tells(&place->told_ns)) {
		BASE_FREE char *who = peer->address[0] != '\0'
			? base_strdup(peer->address)
			: base_format("user %u", (unsigned)peer->uid);
		base_log(
			BASE_LOG_WARNING, "%s has %zu connections: more are refused", who, guests->place_max);
	}
	return false;
}

bool bridge_guests_accept(
	struct bridge_guests *guests, int fd, enum bridge_transport transport, struct lane_error *err)
{
	struct bridge_peer peer = {.queen = false};
	uint8_t key[16] = {0};
	bool known =
		transport == BRIDGE_UNIX ? peer_of_unix(fd, &peer, err) : peer_of_inet(fd, &peer, key, err);
	if (!known) {
		close(fd);
		return false;
	}
	struct bridge_place *place = find_place(guests, peer.uid, key);
	place->count++;
	bool good = true;
	bool stays = has_room(guests, place, &peer);
	if (!stays) {
		turn_away(fd, transport);
	} else {
		good = add(guests, fd, transport, &peer, place, err);
	}
	if (!stays || !good) {
		leave_place(guests, place);
	}
	return good;
}

bool bridge_guests_adopt(struct bridge_guests *guests, int fd, bool queen, struct lane_error *err)
{
	struct bridge_peer peer = {.uid = (uid_t)-1, .queen = queen};
	if (!queen && !peer_of_unix(fd, &peer, err)) {
		close(fd);
		return false;
	}
	return add(guests, fd, BRIDGE_UNIX, &peer, NULL, err);
}

static void remove_guest(struct bridge_guest **link)
{
	struct bridge_guest *guest = *link;
	*link = guest->next;
	guest->guests->count--;
	leave_place(guest->guests, guest->place);
	bridge_connection_destroy(guest->connection);
	free(guest);
}

void bridge_guests_sweep(struct bridge_guests *guests)
{
	if (!guests->some_closed) {
		return;
	}
	guests->some_closed = false;
	for (struct bridge_guest **link = &guests->first; *link != NULL;) {
		if ((*link)->closed) {
			remove_guest(link);
		} else {
			link = &(*link)->next;
		}
	}
}

void bridge_guests_wake(struct bridge_guests *guests)
{
	for (struct bridge_guest *guest = guests->first; guest != NULL; guest = guest->next) {
		bridge_connection_wake(guest->connection);
	}
}

static struct bridge_session_state state_of(const struct bridge_guest *guest)
{
	const struct bridge_session *session = bridge_connection_session(guest->connection);
	return session != NULL ? bridge_session_state(session)
						   : (struct bridge_session_state){.versioned = false};
}

size_t bridge_guests_waiting(const struct bridge_guests *guests)
{
	size_t waiting = 0;
	for (struct bridge_guest *guest = guests->first; guest != NULL; guest = guest->next) {
		waiting += state_of(guest).waiting;
	}
	return waiting;
}

static void list_guest(const struct bridge_guest *guest, uint64_t now_ns, struct base_buffer *out)
{
	struct bridge_session_state state = state_of(guest);
	base_buffer_print(out, "session=%llu via=%s ", (unsigned long long)guest->id,
		bridge_transport_name(guest->transport));
	if (guest->peer.address[0] != '\0') {
		base_buffer_print(out, "from=%s ", guest->peer.address);
	} else {
		base_buffer_print(out, "uid=%d ", (int)guest->peer.uid);
	}
	base_buffer_print(out, "state=%s owner=%s since_ms=%llu fids=%zu waiting=%zu\n",
		state.subject != NULL ? "attached"
			: state.versioned ? "versioned"
							  : "connected",
		state.subject != NULL ? state.subject : "none",
		(unsigned long long)((now_ns - guest->since_ns) / NS_PER_MS), state.fids, state.waiting);
}

void bridge_guests_list(const struct bridge_guests *guests, struct base_buffer *out)
{
	uint64_t now_ns = base_clock_boottime_ns();
	size_t listed = 0;
	for (struct bridge_guest *guest = guests->first; guest != NULL && listed < LISTED_MAX;
		 guest = guest->next, listed++) {
		list_guest(guest, now_ns, out);
	}
	if (listed < guests->count) {
		base_buffer_print(out, "more=%zu\n", guests->count - listed);
	}
}

void bridge_guests_finish(struct bridge_guests *guests)
{
	while (guests->first != NULL) {
		remove_guest(&guests->first);
	}
}
