/* SPDX-License-Identifier: Apache-2.0 */
#include "bridge/scrape.h"

#include "base/memory.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

/** From the connection to the last byte of the answer. */
enum { DEADLINE_S = 2 };

struct client {
	struct bridge_scrape *scrape;
	/** Its fd is -1 while the place is free. */
	struct bridge_source source, timer;
	struct base_buffer in, out;
	size_t sent;
	/** All is said; what still comes is read away, as closing with it unread would take the answer
	 * from the client. */
	bool answered;
};

struct bridge_scrape {
	struct bridge_loop *loop;
	void (*write)(const void *context, struct base_buffer *out);
	const void *context;
	struct client clients[BRIDGE_SCRAPE_CLIENTS_MAX];
};

static bool equals(const char *text, size_t size, const char *other)
{
	return size == strlen(other) && memcmp(text, other, size) == 0;
}

/** Of a request line without its end. */
static int line_status(const char *line, size_t size)
{
	const char *path = memchr(line, ' ', size);
	const char *version = path != NULL ? memrchr(line, ' ', size) : NULL;
	if (path == NULL || version == path || path == line || path[1] != '/') {
		return 400;
	}
	size_t method_size = (size_t)(path - line);
	path++;
	size_t path_size = (size_t)(version - path);
	size_t version_size = size - (size_t)(version + 1 - line);
	/* A query says nothing that we would answer in another way. */
	const char *query = memchr(path, '?', path_size);
	path_size = query != NULL ? (size_t)(query - path) : path_size;
	if (version_size != 8 || memcmp(version + 1, "HTTP/", 5) != 0) {
		return 400;
	}
	if (version[6] != '1' || version[7] != '.') {
		return 505;
	}
	if (!equals(line, method_size, "GET")) {
		return 405;
	}
	return equals(path, path_size, "/metrics") ? 200 : 404;
}

int bridge_scrape_status(const char *request, size_t size)
{
	const char *end = memmem(request, size, "\r\n\r\n", 4);
	if (memchr(request, '\0', size) != NULL) {
		return 400;
	}
	if (end == NULL) {
		return size < BRIDGE_SCRAPE_REQUEST_MAX ? 0 : 431;
	}
	const char *line_end = memmem(request, size, "\r\n", 2);
	return line_status(request, (size_t)(line_end - request));
}

static void answer(const struct bridge_scrape *scrape, int status, struct base_buffer *out)
{
	static const struct {
		int status;
		const char *reason, *headers;
	} replies[] = {
		{200, "OK", ""},
		{400, "Bad Request", ""},
		{404, "Not Found", ""},
		{405, "Method Not Allowed", "Allow: GET\r\n"},
		{431, "Request Header Fields Too Large", ""},
		{505, "HTTP Version Not Supported", ""},
	};
	size_t i = 0;
	while (replies[i].status != status) {
		i++;
	}
	BASE_BUFFER_AUTO body = BASE_BUFFER_INIT;
	const char *type = "application/openmetrics-text; version=1.0.0; charset=utf-8";
	if (status == 200) {
		scrape->write(scrape->context, &body);
	} else {
		type = "text/plain; charset=utf-8";
		base_buffer_print(&body, "%d %s\n", status, replies[i].reason);
	}
	base_buffer_print(out,
		"HTTP/1.1 %d %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\n%s"
		"Connection: close\r\n\r\n",
		status, replies[i].reason, type, body.size, replies[i].headers);
	base_buffer_add(out, body.data, body.size);
}

static void close_client(struct client *client)
{
	struct bridge_loop *loop = client->scrape->loop;
	struct bridge_source *sources[] = {&client->source, &client->timer};
	for (size_t i = 0; i < sizeof(sources) / sizeof(sources[0]); i++) {
		if (sources[i]->fd >= 0) {
			bridge_loop_remove(loop, sources[i]);
			base_cleanup_close(&sources[i]->fd);
			sources[i]->fd = -1;
		}
	}
	base_buffer_finish(&client->in);
	base_buffer_finish(&client->out);
	client->sent = 0;
	client->answered = false;
}

/** Sends what the socket takes. */
static void send_answer(struct client *client)
{
	while (client->sent < client->out.size) {
		ssize_t count = send(client->source.fd, client->out.data + client->sent,
			client->out.size - client->sent, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (count > 0) {
			client->sent += (size_t)count;
		} else if (count < 0 && errno == EAGAIN) {
			bridge_loop_change(client->scrape->loop, &client->source, EPOLLOUT);
			return;
		} else if (count == 0 || errno != EINTR) {
			close_client(client);
			return;
		}
	}
	shutdown(client->source.fd, SHUT_WR);
	client->answered = true;
	base_buffer_clear(&client->in);
	bridge_loop_change(client->scrape->loop, &client->source, EPOLLIN);
}

static void client_ready(void *context, uint32_t events)
{
	(void)events;
	struct client *client = context;
	if (client->out.size > 0 && !client->answered) {
		send_answer(client);
		return;
	}
	struct base_buffer *in = &client->in;
	size_t room = BRIDGE_SCRAPE_REQUEST_MAX - in->size;
	char *bytes = base_buffer_reserve(in, room);
	ssize_t count = recv(client->source.fd, bytes, room, MSG_DONTWAIT);
	if (count <= 0) {
		if (count == 0 || (errno != EAGAIN && errno != EINTR)) {
			close_client(client);
		}
		return;
	}
	if (client->answered) {
		return;
	}
	in->size += (size_t)count;
	in->data[in->size] = '\0';
	int status = bridge_scrape_status(in->data, in->size);
	if (status != 0) {
		answer(client->scrape, status, &client->out);
		send_answer(client);
	}
}

static void timer_ready(void *context, uint32_t events)
{
	(void)events;
	close_client(context);
}

/** Takes the socket over, whatever comes of it. */
static bool start_client(struct client *client, int fd)
{
	struct bridge_loop *loop = client->scrape->loop;
	const struct itimerspec when = {.it_value = {.tv_sec = DEADLINE_S}};
	client->source = (struct bridge_source){.fd = fd, .ready = client_ready, .context = client};
	if (!bridge_loop_add(loop, &client->source, EPOLLIN, NULL)) {
		return false;
	}
	int timer = timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC | TFD_NONBLOCK);
	client->timer = (struct bridge_source){.fd = timer, .ready = timer_ready, .context = client};
	return timer >= 0 && timerfd_settime(timer, 0, &when, NULL) == 0 &&
		bridge_loop_add(loop, &client->timer, EPOLLIN, NULL);
}

void bridge_scrape_accept(struct bridge_scrape *scrape, int fd)
{
	for (size_t i = 0; i < BRIDGE_SCRAPE_CLIENTS_MAX; i++) {
		struct client *client = &scrape->clients[i];
		if (client->source.fd < 0) {
			if (!start_client(client, fd)) {
				close_client(client);
			}
			return;
		}
	}
	close(fd);
}

struct bridge_scrape *bridge_scrape_create(struct bridge_loop *loop,
	void (*write)(const void *context, struct base_buffer *out), const void *context)
{
	struct bridge_scrape *scrape = base_alloc(1, sizeof(*scrape));
	*scrape = (struct bridge_scrape){.loop = loop, .write = write, .context = context};
	for (size_t i = 0; i < BRIDGE_SCRAPE_CLIENTS_MAX; i++) {
		scrape->clients[i].scrape = scrape;
		scrape->clients[i].source.fd = -1;
		scrape->clients[i].timer.fd = -1;
	}
	return scrape;
}

void bridge_scrape_destroy(struct bridge_scrape *scrape)
{
	if (scrape != NULL) {
		for (size_t i = 0; i < BRIDGE_SCRAPE_CLIENTS_MAX; i++) {
			close_client(&scrape->clients[i]);
		}
		free(scrape);
	}
}
